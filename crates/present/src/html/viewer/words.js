// Small tools: elements, numbers as people read them, pictures.

// Foreign text only ever becomes text nodes and attribute values; nothing here parses markup.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function percent(probability) {
  const value = probability * 100;
  if (value > 0 && value < 1) return "< 1 %";
  if (value > 99 && value < 100) return "> 99 %";
  return `${value.toFixed(0)} %`;
}

const kilometres = (distance) =>
  `${distance < 9.95 ? distance.toFixed(1) : Math.round(distance).toLocaleString("en")} km`;

const DIGITS = { 1: 3, 25: 2, 200: 1, country: 0 };
const PRECISIONS = { 1: "about 1 km", 25: "about 25 km", 200: "about 200 km", country: "the country" };

function coordinates({ lat, lon }, precision) {
  const digits = DIGITS[precision] ?? 5;
  return `${lat.toFixed(digits)}, ${lon.toFixed(digits)}`;
}

// A best guess has no more digits than about 1 km needs.
const roundest = (precision, estimate) => (isGuess(estimate) && !(DIGITS[precision] < DIGITS[25]) ? 25 : precision);

const placeName = ({ place }) => place.label || place.country_code || "unnamed place";

const NO_ANSWER = "No confident answer";

// The headline without the best guess, which has a line of its own.
const heading = ({ headline }) => (headline.startsWith(NO_ANSWER) ? NO_ANSWER : headline);

// Whether the place is more than the answer is sure of.
const isGuess = (estimate) => heading(estimate) !== placeName(estimate);

// Headline, reason and best guess in one text.
function inWords(estimate) {
  const reason = estimate.abstained_because ? `: ${estimate.abstained_because}` : "";
  return `${heading(estimate)}${reason}${isGuess(estimate) ? `. Best guess: ${placeName(estimate)}` : ""}`;
}

const oneOrigin = (origin) =>
  origin.kind === "generated" ? `written by ${origin.model}` : `${origin.channel} search, no. ${origin.rank + 1}`;

// Each name once: a model often writes the same place again.
const originName = ({ origin, also_from: also = [] }) => [...new Set([origin, ...also].map(oneOrigin))].join(", ");

function similarityOf({ origin, similarities }) {
  return origin.similarity ?? Object.values(similarities)[0] ?? null;
}

const credit = ({ author, licence, source }) => [author, licence, source].filter(Boolean).join(" · ");

const fileName = (path) => path.slice(path.lastIndexOf("/") + 1);

// A picture whose bytes lie in the page as text; they are turned into an image when it comes into view.
const waiting = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    waiting.unobserve(target);
    load(target);
  }
}, { rootMargin: "200px" });

function load(image) {
  const bytes = document.getElementById(`picture-${image.dataset.picture}`);
  if (bytes) image.src = `data:image/jpeg;base64,${bytes.textContent}`;
}

function picture(id, alt, className) {
  if (id === null || id === undefined) return null;
  const image = make("img", { alt, class: className, decoding: "async", "data-picture": id });
  waiting.observe(image);
  return image;
}
