// The form that tests a server now.

import assert from "node:assert/strict";
import {test} from "node:test";

import {control, onPage, stage, until} from "./stage.mjs";

const {good, slow, refusals = {}} = stage.targets;

async function submit(page, name) {
  await until(page, () => document.querySelector("#test select").length > 1);
  await page.getByLabel("Host or domain").fill(name);
  await page.keyboard.press("Enter");
}

test("a test shows what the target's page would", () => onPage(
    "", async (page) => {
      await submit(page, ` ${good} `);
      const result = page.locator(".result");
      await result.waitFor();
      assert.match(await result.locator("h2").first().innerText(),
                   new RegExp(`Test of ${good}`));
      // The keyboard goes on where the result begins.
      assert.ok(await result.locator("h2").first().evaluate(
          (one) => one === document.activeElement));
      for (const part of ["Facts", "Time", "Capabilities", "Transcripts"]) {
        await result.getByRole("heading", {name: part}).first().waitFor();
      }
      await page.getByRole("button", {name: "Close the result"}).click();
      assert.equal(await result.count(), 0);
    }));

test("what the target is, the configuration knows", () => onPage(
    "", async (page) => {
      const asked = page.waitForRequest(/api\/v1\/probe/);
      await submit(page, good);
      const first = new URL((await asked).url()).searchParams;
      assert.deepEqual([...first.keys()], ["target"]);
      await page.locator(".result").waitFor();
      const again = page.waitForRequest(/api\/v1\/probe/);
      await page.getByLabel("It is a").selectOption("host");
      await submit(page, good);
      const second = new URL((await again).url()).searchParams;
      assert.equal(second.get("kind"), "host");
    }));

test("nothing is no target", () => onPage("", async (page) => {
  await page.getByRole("button", {name: "Test now"}).click();
  const input = page.getByLabel("Host or domain");
  assert.ok(await input.evaluate((one) => !one.validity.valid));
  assert.equal(await page.locator(".progress").count(), 0);
}));

test("it can be ended", {skip: !slow}, () => onPage("", async (page) => {
  await submit(page, slow);
  await page.getByText(`Testing ${slow}: `).first().waitFor();
  await until(page, () => /[1-9] s/.test(
      document.querySelector(".elapsed").textContent));
  await page.getByRole("button", {name: "Cancel"}).click();
  assert.equal(await page.locator(".progress").count(), 0);
  await page.getByText("The test was ended.").waitFor();
  assert.deepEqual(await control("cancelled"), true);
}, {expected: [/net::ERR_ABORTED/]}));

for (const [name, words] of Object.entries(refusals)) {
  test(`a refusal in words: ${words}`, () => onPage("", async (page) => {
    await submit(page, name);
    const error = page.locator(".error");
    await error.waitFor();
    assert.match(await error.innerText(), new RegExp(words));
  }, {expected: [/status (of )?\d{3}/]}));
}

test("an answer that does not come is said", () => onPage("", async (page) => {
  await page.route(/api\/v1\/probe/, (route) => route.abort());
  await submit(page, good);
  await page.locator(".error").getByText("cannot be reached").waitFor();
}, {expected: [/ERR_FAILED/]}));
