// The page without a reload: changes, a lost connection, a hidden tab.

import assert from "node:assert/strict";
import {test} from "node:test";

import {control, loaded, onPage, rowOf, stage, targetPath, until} from
    "./stage.mjs";

const {live} = stage.targets;
const OFFLINE = [/ERR_INTERNET_DISCONNECTED/, /Failed to load resource/];

function hide(page, hidden) {
  return page.evaluate((value) => {
    Object.defineProperty(document, "hidden",
                          {configurable: true, get: () => value});
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

test("a change comes by itself, and the focus stays", () => onPage(
    "", async (page) => {
      await control("mend");
      await loaded(page);
      const row = rowOf(page, live);
      await row.and(page.locator(".ok")).waitFor();
      await page.evaluate(() => window.sameDocument = true);
      await row.getByRole("link").focus();
      await control("worsen");
      await row.and(page.locator(".critical")).waitFor();
      assert.equal(await row.locator(".column-starttls .value").innerText(),
                   "no");
      assert.ok(await row.getByRole("link").evaluate(
          (one) => one === document.activeElement));
      assert.ok(await page.evaluate(() => window.sameDocument));
      // Who does not see it hears it.
      assert.match(await page.locator("#news").innerText(),
                   /Now worse: .*Critical/);
      await control("mend");
      await row.and(page.locator(".ok")).waitFor();
    }));

test("a target's page follows", () => onPage(
    targetPath(live), async (page) => {
      await control("mend");
      await page.locator(".verdict.ok").waitFor();
      await control("worsen");
      await page.locator(".verdict.critical").waitFor();
      assert.match(await page.locator("#news").textContent(), /Critical/);
      assert.match(await page.locator(".changes").innerText(),
                   /STARTTLS/);
      await control("mend");
      await page.locator(".verdict.ok").waitFor();
    }));

test("targets come and go", () => onPage("", async (page) => {
  await loaded(page);
  const before = await page.locator("tr.target").count();
  await control("add");
  await until(page, (n) => document.querySelectorAll("tr.target").length > n,
              before);
  await control("remove");
  await until(page,
              (n) => document.querySelectorAll("tr.target").length === n,
              before);
}));

for (const path of ["", targetPath(live)]) {
  test(`a lost connection is said and found again: /${path}`, () => onPage(
      path, async (page) => {
        await page.locator("tr.target, .verdict").first().waitFor();
        await page.context().setOffline(true);
        const notice = page.locator("#connection");
        await notice.getByText(
            /Connection lost since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/).waitFor();
        // What was known is still there.
        assert.ok(await page.locator("tr.target, .verdict").count() > 0);
        await page.context().setOffline(false);
        await notice.waitFor({state: "hidden"});
      }, {expected: OFFLINE}));
}

test("an error of the daemon is told, and one may try at once", () => onPage(
    "", async (page) => {
      await loaded(page);
      await page.route(/api\/v1\//, (route) => route.fulfill(
          {status: 502, body: "<h1>Bad gateway</h1>"}));
      const notice = page.locator("#connection");
      await notice.getByText("answered with an error (502)").waitFor();
      await page.unrouteAll();
      await page.getByRole("button", {name: "Try now"}).click();
      await notice.waitFor({state: "hidden"});
    }, {expected: [/status (of )?502/]}));

test("tries come less often while there is no answer", () => onPage(
    "", async (page) => {
      await page.clock.install();
      await page.reload();
      await loaded(page);
      let tries = 0;
      await page.route(/api\/v1\//, (route) => {
        tries += 1;
        return route.abort();
      });
      const during = async (seconds) => {
        const before = tries;
        for (let i = 0; i < seconds; ++i) {
          await page.clock.runFor(1000);
          await page.evaluate(() => 0);  // Lets the answer arrive.
        }
        return tries - before;
      };
      const first = await during(60);
      const later = await during(60);
      assert.ok(first >= 3, `${first} tries in the first minute`);
      assert.ok(later >= 1 && later < first, `then ${later}`);
    }, {expected: [/ERR_FAILED/]}));

test("nobody looks, nobody asks", () => onPage("", async (page) => {
  await loaded(page);
  await hide(page, true);
  let asked = 0;
  page.on("request", () => asked += 1);
  // Longer than it takes to ask again.
  await page.waitForTimeout(7000);
  assert.equal(asked, 0);
  await hide(page, false);
  await page.waitForRequest(/api\/v1\/targets/);
}));

test("what somebody is about to copy is not taken away", () => onPage(
    targetPath(live), async (page) => {
      await control("mend");
      await page.locator(".verdict.ok").waitFor();
      await page.locator(".said").first().selectText();
      await control("worsen");
      await page.waitForResponse(/targets\/[0-9a-f]+$/);
      await page.waitForResponse(/targets\/[0-9a-f]+$/);
      assert.ok(await page.locator(".verdict.ok").isVisible());
      await page.evaluate(() => getSelection().removeAllRanges());
      await page.locator(".verdict.critical").waitFor();
      await control("mend");
    }));
