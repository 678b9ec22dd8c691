// Opens the page in a browser that watches it: at the end of each test nothing
// may have gone wrong unseen (an error on the console, a breach of the policy,
// a request to another host or one that failed).
//
// PAGE_STAGE is the JSON of what the test runs against, {url, control,
// targets}: the page's address, the address that makes things happen (POST
// control/NAME), and names of targets by their part in the play.
// BROWSER_MODULES is the folder that holds node_modules.

import assert from "node:assert/strict";
import {createRequire} from "node:module";
import {after} from "node:test";

const require = createRequire(`${process.env.BROWSER_MODULES}/`);
const {chromium} = require("playwright-core");

export const axeSource = require("axe-core").source;
export const stage = JSON.parse(process.env.PAGE_STAGE);

// Two busy cores and sanitizers: only a failing test waits so long.
export const PATIENCE = 45_000;

// Chromium's sandbox refuses root; the pages are our own.
const isRoot = process.getuid() === 0;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: isRoot ? ["--no-sandbox"] : [],
  timeout: 2 * PATIENCE,
});
after(() => browser.close());

function watch(page, expected) {
  const origin = new URL(stage.url).origin;
  const problems = [];
  const report = (text) => {
    if (!expected.some((pattern) => pattern.test(text))) problems.push(text);
  };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      report(`console: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => report(`exception: ${error.stack}`));
  page.on("dialog", (dialog) => {
    report(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) {
      report(`request to another host: ${url}`);
    }
    if (!url.href.startsWith(stage.url) && url.protocol !== "data:") {
      report(`request outside of the prefix: ${url}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() >= 400) {
      report(`status ${response.status()}: ${response.url()}`);
    }
  });
  return problems;
}

// Runs `play(page)` on the page at `path`, with options of a browser context.
// `expected`: patterns of problems that belong to the play.
export async function onPage(path, play, {expected = [], ...options} = {}) {
  const context = await browser.newContext({
    viewport: {width: 1280, height: 800},
    ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const problems = watch(page, expected);
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  try {
    await page.goto(stage.url + path);
    await play(page);
    assert.equal(await page.evaluate(() => window.owned), undefined);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
  }
}

// Makes something happen behind the page; what comes back is JSON.
export async function control(name) {
  const response = await fetch(`${stage.control}/${name}`, {method: "POST"});
  assert.equal(response.status, 200, `control ${name}`);
  return response.json();
}

export function targetPath(target, module = "") {
  const search = new URLSearchParams({target});
  if (module) search.set("module", module);
  return `target?${search}`;
}

// Waits for `condition(page)` to be true of the document.
export async function until(page, condition, argument) {
  await page.waitForFunction(condition, argument, {timeout: PATIENCE});
}

// The list, once it is there.
export async function loaded(page) {
  await page.locator("#targets tbody tr.target").first().waitFor();
}

export function rowOf(page, target) {
  return page.locator("tr.target").filter(
      {has: page.getByRole("link", {name: target, exact: true})});
}
