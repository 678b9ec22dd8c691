// Axe finds nothing, at any impact, in both themes; nothing sticks out at the
// width of a phone; and with PAGE_SHOTS=FOLDER there are pictures to look at.

import assert from "node:assert/strict";
import path from "node:path";
import {test} from "node:test";

import {axeSource, loaded, onPage, stage, targetPath} from "./stage.mjs";

const {good, noStarttls, several, domain} = stage.targets;
const SHOTS = process.env.PAGE_SHOTS;

const PAGES = [
  ["list", "", loaded],
  ...Object.entries({good, noStarttls, several, domain})
      .filter(([, target]) => target)
      .map(([name, target]) => [
        name, targetPath(target),
        (page) => page.locator(".verdict").waitFor(),
      ]),
];

async function axe(page) {
  await page.evaluate(axeSource);
  const {violations} = await page.evaluate(() => axe.run(document, {
    resultTypes: ["violations"],
  }));
  return violations.map((one) => `${one.impact}: ${one.help}: ${
      one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
}

// Everything that can be open is.
async function openAll(page) {
  for (const button of await page.locator(".expand").all()) {
    await button.click();
  }
  await page.evaluate(() => {
    for (const place of document.querySelectorAll("details")) place.open = true;
  });
}

// Words and numbers that must not be broken over lines, and are.
function broken(page) {
  return page.evaluate(() => {
    const whole = document.querySelectorAll(
        ".filter label span, .transcript .number, .transcript .speaker");
    return [...whole].filter((element) => {
      const range = document.createRange();
      range.selectNodeContents(element);
      const tops = [...range.getClientRects()].map(({top}) => top);
      const {fontSize} = getComputedStyle(element);
      return Math.max(...tops) - Math.min(...tops) > parseFloat(fontSize) / 2;
    }).map((element) => element.textContent);
  });
}

for (const [name, address, ready] of PAGES) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      test(`${name}, ${colorScheme}, ${width} pixels`, () => onPage(
          address, async (page) => {
            await ready(page);
            await openAll(page);
            const wide = await page.evaluate(
                () => document.documentElement.scrollWidth - innerWidth);
            assert.ok(wide <= 0, `${wide} pixels too wide`);
            assert.deepEqual(await broken(page), []);
            if (SHOTS) {
              await page.evaluate(() => scrollTo(0, 0));
              await page.screenshot({
                fullPage: true,
                path: path.join(SHOTS, `${name}-${colorScheme}-${width}.png`),
              });
            }
            assert.deepEqual(await axe(page), []);
          }, {colorScheme, viewport: {width, height: 900}}));
    }
  }
}

test("axe on a result and on a refusal", () => onPage("", async (page) => {
  await loaded(page);
  await page.getByLabel("Host or domain").fill(good);
  await page.keyboard.press("Enter");
  await page.locator(".result").waitFor();
  assert.deepEqual(await axe(page), []);
}));

test("paper has all that the screen has", () => onPage(
    targetPath(good), async (page) => {
      await page.locator(".verdict").waitFor();
      await page.emulateMedia({media: "print", colorScheme: "dark"});
      assert.ok(await page.locator(".transcript").first().isVisible());
      assert.ok(!await page.getByRole("button", {name: "Test now"})
          .isVisible());
      const paper = await page.evaluate(
          () => getComputedStyle(document.body).backgroundColor);
      assert.equal(paper, "rgb(255, 255, 255)");
    }));

test("who wants no motion sees none", () => onPage("", async (page) => {
  await loaded(page);
  const moving = await page.evaluate(() => document.getAnimations().length);
  assert.equal(moving, 0);
}, {reducedMotion: "reduce"}));
