// What strangers say is shown, and does nothing. onPage() fails on any script
// that ran, any breach of the policy and any request elsewhere.

import assert from "node:assert/strict";
import {test} from "node:test";

import {loaded, onPage, stage, targetPath} from "./stage.mjs";

const {hostile} = stage.targets;

// Nothing that came from outside became an element, or stands in the text in
// a form that could turn the text around.
async function isHarmless(page) {
  const found = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body,
                                             NodeFilter.SHOW_TEXT);
    const odd = [];
    while (walker.nextNode()) {
      const {data} = walker.currentNode;
      if (/[\p{Cf}\p{Zl}\p{Zp}]|(?![\n\t])\p{Cc}/u.test(data)) odd.push(data);
    }
    const attributes = [...document.querySelectorAll("*")].flatMap(
        (element) => [...element.attributes].filter(
            (one) => /^on|^style$/.test(one.name) ||
                /^\s*javascript:/i.test(one.value) ||
                /[\p{Cf}]/u.test(one.value)));
    return {
      odd,
      attributes: attributes.map((one) => `${one.name}=${one.value}`)
          // The height of rows that are not drawn.
          .filter((text) => !/^style=height: [\d.]+px;$/.test(text)),
      elements: document.querySelectorAll(
          "main img, main script, main link, main iframe, main style").length,
      title: document.title,
    };
  });
  assert.deepEqual(found.odd, []);
  assert.deepEqual(found.attributes, []);
  assert.equal(found.elements, 0);
  assert.doesNotMatch(found.title, /\p{Cf}/u);
  const wide = await page.evaluate(
      () => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `the page is ${wide} pixels too wide`);
}

for (const width of [360, 1280]) {
  const options = {viewport: {width, height: 900}};

  test(`the list at ${width} pixels`, () => onPage("", async (page) => {
    await loaded(page);
    await isHarmless(page);
    for (const button of await page.locator(".expand").all()) {
      await button.click();
    }
    await isHarmless(page);
    // Shown, not hidden: the very text, and a sign for what has none.
    const text = await page.locator("#targets").innerText();
    assert.match(text, /<script>/);
    assert.match(text, /U\+202E/);
  }, options));

  for (const {target, module} of hostile) {
    test(`the page of ${JSON.stringify(target)} at ${width} pixels`, () =>
      onPage(targetPath(target, module), async (page) => {
        await page.locator(".verdict").waitFor();
        await page.evaluate(() => {
          for (const place of document.querySelectorAll("details")) {
            place.open = true;
          }
        });
        await isHarmless(page);
        await page.getByRole("tab").first().waitFor();
      }, options));
  }
}

test("the list finds its way through hostile names", () => onPage(
    "", async (page) => {
      await loaded(page);
      const {target} = hostile[0];
      await page.locator("tr.target .column-target a").first().click();
      await page.locator(".verdict").waitFor();
      assert.ok(hostile.some((one) => new URL(page.url()).searchParams.get(
          "target") === one.target), target);
    }));

test("a hostile link to the page is only a name", () => onPage(
    targetPath("<img src=x onerror=window.owned=1>\u202e", "<script>"),
    async (page) => {
      await page.getByText("not among those").waitFor();
      await isHarmless(page);
      assert.match(await page.locator("h1").innerText(), /<img.*U\+202E/);
    }));
