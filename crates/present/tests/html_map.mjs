// Opens the page in a real Chromium and uses it: `node html_map.mjs PAGE`. Prints what it checked, or fails.
//
// Needs GEORANKER_NODE_MODULES (a folder with node_modules that has playwright-core and axe-core) and
// GEORANKER_CHROMIUM (the browser). html_map.rs finds both and writes the page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const modules = process.env.GEORANKER_NODE_MODULES;
const require = createRequire(path.join(modules, "resolve-from-here.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const address = pathToFileURL(process.argv[2]).href;
const browser = await chromium.launch({
  executablePath: process.env.GEORANKER_CHROMIUM,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});

// A fresh page; everything that it says or asks for is written down.
async function open(options, fragment = "") {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.requests = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    page.complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith("data:") && url.split("#")[0] !== address) page.requests.push(url);
  });
  await page.goto(address + fragment);
  await page.waitForSelector('html[data-ready="true"]');
  await settle(page);
  return page;
}

const settle = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const text = (page, selector) => page.locator(selector).innerText();
const zoom = (page) => page.locator("#map").getAttribute("data-zoom").then(Number);
const tests = [];
const test = (name, run) => tests.push([name, run]);

// How many different colours the map shows, on a grid of its pixels.
const colours = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector("#map canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4 * 37) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    return seen.size;
  });

async function accessible(page) {
  // As a string: the page's policy forbids adding scripts, and that is not what is tested here.
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document));
  assert.ok(passes.length > 10, "axe looked at the page");
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), []);
}

test("draws the map and the first photo", async () => {
  const page = await open({ viewport: { width: 1400, height: 900 } });
  assert.ok((await colours(page)) > 20, "the canvas is not blank");
  assert.match(await text(page, "#panel h2"), /Sydney/);
  // A confident answer needs no best guess beside it.
  assert.equal(await page.locator(".guess").count(), 0);
  assert.equal(await page.locator("#photos li").count(), 6);
  assert.equal(await page.locator(".candidate").count(), 6);
  assert.equal(await page.locator(".radius").count(), 5);
  await page.waitForFunction(() => document.querySelector(".query-photo").naturalWidth > 0);
  return page;
});

test("switches photos by mouse, keyboard and buttons", async () => {
  const page = await open({ viewport: { width: 1400, height: 900 } });
  await page.locator("#photos button").nth(1).click();
  assert.equal(await text(page, "#panel h2"), "No confident answer");
  assert.match(await text(page, ".notice.abstained"), /^No photo that was searched[\s\S]*The gallery covers/);
  assert.match(await text(page, ".guess"), /^Best guess: Amsterdam/);
  assert.equal(await text(page, ".estimate .coordinates"), "52.37, 4.90");
  assert.match(
    await page.locator(".estimate-marker").getAttribute("aria-label"),
    /^No confident answer: no photo that was searched.*Best guess: Amsterdam/,
  );
  assert.match(await page.locator("#photos button").nth(1).innerText(), /No confident answer; best guess: Amsterdam/);
  await page.keyboard.press("ArrowDown");
  assert.match(await text(page, ".notice.failed"), /is not a photo/);
  assert.equal(await page.locator(".pin").count(), 0);
  await page.locator("#next").click();
  // The photo's name is hostile; it is shown, not obeyed.
  assert.equal(await text(page, "figcaption"), "holiday/</script><img src=x onerror=alert(1)>.jpg");
  assert.equal(await page.locator('img[src="x"]').count(), 0);
  assert.match(await text(page, "#position"), /4 of 6/);
  assert.ok((await page.evaluate(() => location.hash)) === "#4");
  return page;
});

// The circle of a radius is drawn where the answer is sure of it, or while its button is pointed at.
test("draws the circle that the answer is sure of", async () => {
  const page = await open({ viewport: { width: 1400, height: 900 } }, "#4");
  assert.match(await text(page, "#panel h2"), /^In or near /);
  assert.match(await text(page, ".guess"), /^Best guess: /);
  const drawn = async () => (await page.evaluate(() => document.querySelector("#map").dataset.circles)).split(" ");
  assert.deepEqual(await drawn(), ["200"]);
  await page.locator(".radius").nth(3).hover();
  await settle(page);
  assert.deepEqual(await drawn(), ["200", "750"]);
  await page.locator("#photos button").nth(1).click();
  await page.locator("#photos button").nth(1).hover();
  await settle(page);
  assert.deepEqual(await drawn(), [""]);
  return page;
});

test("moves and zooms by keyboard", async () => {
  const page = await open({ viewport: { width: 1400, height: 900 } });
  await page.locator("#map").focus();
  const start = await zoom(page);
  await page.keyboard.press("+");
  await settle(page);
  assert.equal((await zoom(page)).toFixed(2), (start + 1).toFixed(2));
  await page.keyboard.press("0");
  await settle(page);
  assert.equal(await zoom(page), start);
  const marker = () => page.locator(".estimate-marker").boundingBox();
  const before = await marker();
  await page.keyboard.press("ArrowLeft");
  await settle(page);
  assert.ok(Math.abs((await marker()).x - before.x - 90) < 2, "the map moved");
  return page;
});

test("moves and zooms by mouse", async () => {
  const page = await open({ viewport: { width: 1400, height: 900 } });
  const start = await zoom(page);
  const box = await page.locator("#map").boundingBox();
  await page.mouse.move(box.x + 500, box.y + 600);
  await page.mouse.wheel(0, -240);
  await settle(page);
  assert.ok((await zoom(page)) > start, "the wheel zooms in");
  const marker = () => page.locator(".estimate-marker").boundingBox();
  await page.locator("#fit").click();
  await settle(page);
  const before = await marker();
  await page.mouse.down();
  await page.mouse.move(box.x + 560, box.y + 630, { steps: 4 });
  await page.mouse.up();
  await settle(page);
  const after = await marker();
  // The pointer was on the fit button, so nothing may have moved; a drag from bare map must.
  assert.ok(Math.abs(after.x - before.x) < 2);
  await page.mouse.move(box.x + 500, box.y + 600);
  await page.mouse.down();
  await page.mouse.move(box.x + 560, box.y + 630, { steps: 4 });
  await page.mouse.up();
  await settle(page);
  assert.ok(Math.abs((await marker()).x - before.x - 60) < 2, "the map follows the pointer");
  return page;
});

test("ties candidates and markers together", async () => {
  const page = await open({ viewport: { width: 1400, height: 900 } });
  await page.locator(".candidate").nth(4).click();
  assert.equal(await page.locator(".candidate").nth(4).getAttribute("aria-pressed"), "true");
  assert.match(await text(page, ".card"), /5\. Melbourne/);
  await page.locator(".card-close").click();
  assert.equal(await page.locator(".card").count(), 0);
  await page.locator('.pin[aria-label^="Candidate 6"]').locator(".pin-number").click();
  assert.equal(await page.locator(".candidate").nth(5).getAttribute("aria-pressed"), "true");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".card").count(), 0);
  const before = await zoom(page);
  await page.locator(".radius").nth(1).click();
  await settle(page);
  assert.ok((await zoom(page)) > before + 2, "a radius zooms to its circle");
  return page;
});

for (const [name, options] of [
  ["light", { viewport: { width: 1400, height: 900 }, colorScheme: "light" }],
  ["dark", { viewport: { width: 1400, height: 900 }, colorScheme: "dark" }],
  ["narrow", { viewport: { width: 420, height: 800 }, hasTouch: true }],
]) {
  test(`is accessible: ${name}`, async () => {
    for (const fragment of ["#1", "#2", "#3"]) {
      const page = await open(options, fragment);
      await accessible(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.ok(!wide, "nothing sticks out at the side");
      await page.close();
    }
  });
}

test("its policy stops connections and foreign scripts", async () => {
  const page = await open({ viewport: { width: 1400, height: 900 } });
  const reached = await page.evaluate(() => fetch("https://example.org/").then(() => true, () => false));
  assert.equal(reached, false);
  const ran = await page.evaluate(() => {
    try {
      document.body.insertAdjacentHTML("beforeend", "<i></i>");
      return true;
    } catch {
      return false;
    }
  });
  assert.equal(ran, false);
  // These were on purpose.
  page.complaints.length = 0;
  return page;
});

let failures = 0;
for (const [name, run] of tests) {
  try {
    const page = await run();
    if (page) {
      assert.deepEqual(page.complaints, []);
      assert.deepEqual(page.requests, []);
      await page.close();
    }
    console.log(`ok: ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAILED: ${name}\n${error.stack}`);
  }
}
await browser.close();
process.exit(failures ? 1 : 0);
