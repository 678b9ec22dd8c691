// The list: what stands in it, filter, sort, keyboard.

import assert from "node:assert/strict";
import {test} from "node:test";

import {loaded, onPage, rowOf, stage, until} from "./stage.mjs";

const {good, noStarttls, refused, several, submission, fresh, meant} =
    stage.targets;
const LEVELS = ["critical", "warning", "unknown", "ok"];

const fact = (row, column) => row.locator(`.column-${column} .value`);

async function names(page) {
  return page.locator("tr.target .column-target a").allInnerTexts();
}

async function levels(page) {
  return page.locator("tr.target").evaluateAll(
      (rows) => rows.map((row) => row.className.replace("target ", "")));
}

test("every target is there, worst first", () => onPage("", async (page) => {
  await loaded(page);
  const answer = await page.evaluate(
      async () => (await fetch("api/v1/targets")).json());
  const shown = await names(page);
  assert.deepEqual([...shown].sort(),
                   answer.targets.map((one) => one.target).sort());
  const order = (await levels(page)).map((level) => LEVELS.indexOf(level));
  assert.deepEqual(order, [...order].sort());
  assert.ok(order[0] < order.at(-1), "the play has good and bad ones");
  assert.match(await page.title(), /\d+ critical/);
}));

test("a row tells the facts", () => onPage("", async (page) => {
  await loaded(page);
  const row = rowOf(page, good);
  assert.match(await row.locator(".column-status").innerText(), /OK/);
  for (const [column, want] of [
    ["reachable", /^yes$/], ["starttls", /^yes$/], ["authOn25", /^no$/],
    ["size", /^25 MiB$/], ["certificate", /^\d+ (days|h)$/],
  ]) {
    assert.match(await fact(row, column).innerText(), want, column);
  }
  assert.match(await row.locator(".column-size .more").innerText(),
               /^26,214,400$/);
  assert.match(await row.locator(".column-probe").innerText(), /ago$/);
}));

test("what is wrong is said in words", () => onPage("", async (page) => {
  await loaded(page);
  const lost = rowOf(page, noStarttls);
  assert.match(await lost.locator(".column-status").innerText(), /Critical/);
  assert.equal(await fact(lost, "starttls").innerText(), "no");
  assert.match(await lost.locator(".headline").innerText(), /STARTTLS/);
  const down = rowOf(page, refused);
  assert.equal(await fact(down, "reachable").innerText(), "no");
  assert.match(await down.locator(".column-verdict").innerText(),
               /Connection refused while connecting/);
}));

test("the findings judge and not the page", {skip: !meant}, () => onPage(
    "", async (page) => {
      await loaded(page);
      const row = rowOf(page, meant);
      for (const [column, text] of [
        ["starttls", "no"], ["authOn25", "offered"],
        ["banner", "lab.example.com"],
      ]) {
        const cell = fact(row, column);
        assert.equal(await cell.innerText(), text);
        assert.equal(await cell.locator("xpath=..").getAttribute("class"),
                     "fact plain", column);
      }
      assert.equal(await row.locator(".fact.warn, .fact.bad").count(), 0);
      assert.equal(await fact(rowOf(page, noStarttls), "starttls")
          .locator("xpath=..").getAttribute("class"), "fact bad");
    }));

test("what is unknown is never a no", () => onPage("", async (page) => {
  await loaded(page);
  for (const name of [refused, fresh].filter(Boolean)) {
    for (const column of ["starttls", "authOn25", "size", "certificate"]) {
      const cell = fact(rowOf(page, name), column);
      assert.equal(await cell.innerText(), "unknown", `${name} ${column}`);
      const reason = await cell.locator("xpath=..").getAttribute("title");
      assert.match(reason, /not seen|no result/);
    }
  }
  const place = fact(rowOf(page, submission), "authOn25");
  assert.equal(await place.innerText(), "\u2013");
}));

test("several addresses are one row that opens", {skip: !several}, () => onPage(
    "", async (page) => {
      await loaded(page);
      const row = rowOf(page, several);
      assert.equal(await fact(row, "reachable").innerText(), "2 of 3");
      const button = row.locator(".expand");
      assert.equal(await button.getAttribute("aria-expanded"), "false");
      await button.focus();
      await page.keyboard.press("Enter");
      const places = (number) => until(
          page, (n) => document.querySelectorAll("tr.place").length === n,
          number);
      await places(3);
      assert.equal(await button.getAttribute("aria-expanded"), "true");
      // Where the keyboard was, it still is.
      assert.ok(await button.evaluate((one) => one === document.activeElement));
      await page.keyboard.press("Enter");
      await places(0);
    }));

test("the filter stands in the address", () => onPage("", async (page) => {
  await loaded(page);
  const all = (await names(page)).length;
  await page.getByRole("searchbox").fill(good.toUpperCase());
  await until(page, (n) => document.querySelectorAll("tr.target").length < n,
              all);
  assert.ok((await names(page)).includes(good));
  assert.match(page.url(), /\?q=/);
  await page.reload();
  await loaded(page);
  assert.ok((await names(page)).length < all);
  await page.getByRole("searchbox").fill("surely nothing has this");
  await page.getByText("No target matches the filter.").waitFor();
  await page.getByRole("searchbox").fill("");
  await until(page, (n) => document.querySelectorAll("tr.target").length === n,
              all);
  assert.equal(page.url(), stage.url);
}));

test("levels filter, alone and together", () => onPage("", async (page) => {
  await loaded(page);
  const button = (name) => page.locator("#levels").getByRole(
      "button", {name});
  await button("Critical").click();
  assert.deepEqual([...new Set(await levels(page))], ["critical"]);
  assert.equal(await button("Critical").getAttribute("aria-pressed"), "true");
  await button("OK").click();
  assert.deepEqual([...new Set(await levels(page))], ["critical", "ok"]);
  assert.match(page.url(), /level=critical%2Cok/);
  await page.reload();
  await loaded(page);
  assert.deepEqual([...new Set(await levels(page))], ["critical", "ok"]);
}));

test("columns sort, by keyboard too", () => onPage("", async (page) => {
  await loaded(page);
  const head = page.locator("thead .column-target");
  assert.equal(await head.getAttribute("aria-sort"), null);
  await head.getByRole("button").focus();
  await page.keyboard.press("Enter");
  assert.equal(await head.getAttribute("aria-sort"), "ascending");
  const up = await names(page);
  await page.keyboard.press("Enter");
  assert.equal(await head.getAttribute("aria-sort"), "descending");
  const down = await names(page);
  assert.notDeepEqual(up, down);
  assert.equal(up[0], down.at(-1));
  await page.locator("thead .column-certificate button").click();
  assert.equal(await head.getAttribute("aria-sort"), null);
  const days = await page.locator("tr.target .column-certificate .value")
      .allInnerTexts();
  const numbers = days.filter((text) => /^\d+ days$/.test(text))
      .map(Number.parseInt);
  assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
  // What is unknown comes last.
  assert.ok(!/\d/.test(days.at(-1)));
  assert.match(page.url(), /sort=certificate/);
}));

test("the first Tab leads past the head", () => onPage("", async (page) => {
  await loaded(page);
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", {name: "Skip to the targets"});
  assert.ok(await skip.evaluate((one) => one === document.activeElement));
  assert.ok((await skip.boundingBox()).y >= 0, "it can be seen now");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
}));

test("the theme is remembered", () => onPage("", async (page) => {
  await loaded(page);
  const background = () => page.evaluate(
      () => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  const button = page.getByRole("button", {name: /^Theme/});
  await button.click();
  assert.equal(await button.innerText(), "Theme: light");
  await button.click();
  assert.equal(await button.innerText(), "Theme: dark");
  const dark = await background();
  assert.notEqual(light, dark);
  await page.reload();
  assert.equal(await background(), dark);
}, {colorScheme: "light"}));

test("without JavaScript there is a way on", () => onPage("", async (page) => {
  const link = page.locator("noscript a");
  assert.equal(await link.getAttribute("href"), "metrics");
  assert.ok(await link.isVisible());
}, {javaScriptEnabled: false}));
