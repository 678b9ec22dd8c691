// A target's own page.

import assert from "node:assert/strict";
import {test} from "node:test";

import {onPage, stage, targetPath, until} from "./stage.mjs";

const {good, noStarttls, gotWorse, refused, sentAway, several, submission,
       twice} = stage.targets;

async function shown(page) {
  await page.locator(".verdict").waitFor();
}

const card = (page, title) => page.locator("details[open] section.card")
    .filter({has: page.getByRole("heading", {name: title})}).first();

test("the list links to it", () => onPage("", async (page) => {
  await page.getByRole("link", {name: noStarttls, exact: true}).click();
  await shown(page);
  assert.equal(await page.locator("h1").innerText(), noStarttls);
}));

test("the verdict says what to do", () => onPage(
    targetPath(noStarttls, "smtp"), async (page) => {
      await shown(page);
      const verdict = page.locator(".verdict");
      assert.match(await verdict.innerText(), /Critical/);
      assert.match(await verdict.innerText(), /STARTTLS/);
      assert.ok((await verdict.locator(".advice").innerText()).length > 20);
      assert.match(await page.title(), /Critical/);
    }));

test("capabilities stand side by side", () => onPage(
    targetPath(good), async (page) => {
      await shown(page);
      const table = card(page, "Capabilities").locator("table").first();
      assert.deepEqual(await table.locator("thead th").allInnerTexts(),
                       ["Keyword", "In clear", "Inside TLS", "Difference"]);
      const row = table.getByRole("row", {name: /^STARTTLS/});
      assert.deepEqual(
          (await row.getByRole("cell").allInnerTexts()).map((t) => t.trim()),
          ["yes", "no", "\u2260 only in clear"]);
    }));

test("phases have bars and numbers", () => onPage(
    targetPath(good), async (page) => {
      await shown(page);
      const rows = card(page, "Time").locator("tbody tr");
      const phases = await rows.locator("th").allInnerTexts();
      assert.deepEqual(phases, [
        "Look up the name", "Connect", "Wait for the greeting",
        "EHLO in clear", "STARTTLS", "TLS handshake", "EHLO inside TLS", "QUIT",
      ]);
      for (const time of await rows.locator("td.number").allInnerTexts()) {
        assert.match(time, /^[\d.]+ (ms|s)$/);
      }
      // Each bar begins where the one before ended, and they fill the chart.
      const bars = await rows.locator("rect.length").evaluateAll(
          (all) => all.map((bar) => [Number(bar.getAttribute("x")),
                                     Number(bar.getAttribute("width"))]));
      for (let i = 1; i < bars.length; ++i) {
        assert.ok(bars[i][0] >= bars[i - 1][0]);
      }
      assert.ok(bars.at(-1)[0] + bars.at(-1)[1] > 98);
    }));

test("certificate, facts and changes", () => onPage(
    targetPath(good), async (page) => {
      await shown(page);
      const certificate = await card(page, "TLS and certificate").innerText();
      for (const want of [/TLS1\.[23]/, /Valid until/, /Issuer/, /SHA-256/,
                          /\(in \d+ (days|h)\)/]) {
        assert.match(certificate, want);
      }
      assert.match(await card(page, "Facts").innerText(), /Last probe/);
      assert.match(await card(page, "What changed").innerText(), /./);
      const json = await page.getByRole("link", {name: "JSON"})
          .getAttribute("href");
      assert.match(json, /^api\/v1\/targets\/[0-9a-f]{16}$/);
      assert.equal(
          await page.locator(".foot").getByRole("link", {name: "Metrics"})
              .getAttribute("href"), "metrics");
    }));

test("the last good conversation stays beside the bad one", () => onPage(
    targetPath(sentAway), async (page) => {
      await shown(page);
      const tabs = card(page, "Transcripts").getByRole("tab");
      assert.match(await tabs.first().innerText(), /^Latest/);
      await tabs.first().focus();
      await page.keyboard.press("ArrowRight");
      const second = tabs.nth(1);
      assert.equal(await second.innerText(), "Last good");
      assert.equal(await second.getAttribute("aria-selected"), "true");
      const panel = card(page, "Transcripts").getByRole("tabpanel");
      assert.equal(await panel.count(), 1);
      assert.match(await panel.innerText(), /250[- ]STARTTLS/);
      assert.match(await panel.innerText(), /We\s+EHLO/);
    }));

test("what there was before stays", {skip: !gotWorse}, () => onPage(
    targetPath(gotWorse), async (page) => {
      await shown(page);
      const transcripts = card(page, "Transcripts");
      await transcripts.getByRole("tab", {name: "Before it got worse"})
          .click();
      const panel = transcripts.getByRole("tabpanel");
      assert.match(await panel.innerText(), /250[- ]STARTTLS/);
    }));

test("unknown has a reason", () => onPage(
    targetPath(refused), async (page) => {
      await shown(page);
      const facts = await card(page, "Facts").innerText();
      assert.match(facts, /STARTTLS\s+unknown/);
      assert.match(facts, /not seen: the latest probe failed before it/);
      assert.match(await page.locator(".failure").innerText(),
                   /Connection refused while connecting/);
      assert.match(await card(page, "TLS and certificate").innerText(),
                   /Unknown/);
    }));

test("of several addresses the bad one is open", {skip: !several}, () => onPage(
    targetPath(several), async (page) => {
      await shown(page);
      assert.match(await page.locator(".verdict").innerText(),
                   /2 of 3 addresses reachable/);
      const places = page.locator("details.place");
      assert.equal(await places.count(), 3);
      assert.equal(await page.locator("details.place[open]").count(), 1);
      await places.nth(1).locator("summary").click();
      assert.equal(await page.locator("details.place[open]").count(), 2);
      // What somebody opened stays open when new results come.
      await page.waitForResponse(/api\/v1\/targets\/[0-9a-f]+$/);
      assert.equal(await page.locator("details.place[open]").count(), 2);
    }));

test("submission is not asked for AUTH on 25", () => onPage(
    targetPath(submission), async (page) => {
      await shown(page);
      assert.ok(!/AUTH on 25/.test(await card(page, "Facts").innerText()));
    }));

test("a name that nobody configured says so", () => onPage(
    targetPath("nobody.example:25", "smtp"), async (page) => {
      await page.getByText("not among those that are configured").waitFor();
      assert.ok(await page.getByRole("button", {name: "Test now"})
          .isVisible());
    }));

test("a name of two modules asks which", {skip: !twice}, () => onPage(
    targetPath(twice), async (page) => {
      await page.getByText("Several modules probe this target").waitFor();
      await page.locator("#state a").first().click();
      await shown(page);
    }));

test("without a name it says so", () => onPage("target", async (page) => {
  await page.getByText("No target is named").waitFor();
}));

test("tests now", () => onPage(targetPath(good, "smtp"), async (page) => {
  await shown(page);
  await page.getByRole("button", {name: "Test now"}).click();
  const result = page.locator(".result");
  await result.waitFor();
  assert.match(await result.locator(".verdict").innerText(), /OK/);
  assert.ok(!/What changed/.test(await result.innerText()));
  await result.getByRole("button", {name: "Close the result"}).click();
  await until(page, () => !document.querySelector(".result"));
}));
