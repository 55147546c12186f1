// What is still missing before the work can be handed in, as links to where it is given: <ul data-missing>.
// It only points the way: what may be handed in is the server's to say (labeling/actions/critiquing.py).
(() => {
  const PERFECT = 7;
  const has = (form, name) => new FormData(form).get(name)?.trim();

  function lacks(critique) {
    const lacking = ["text", "category", "severity"].filter((name) => !has(critique, name));
    if (has(critique, "category") === "other" && !has(critique, "category_text")) lacking.push("what it is about");
    return lacking;
  }

  function missing() {
    const critiques = [...document.querySelectorAll("form.critique")];
    const all = critiques.map((form, place) => ({ form, words: `Critique ${place + 1}: ${lacks(form).join(", ")}`, is: lacks(form).length }));
    const rating = document.getElementById("rating");
    const rated = has(rating, "rating");
    if (!rated) all.push({ form: rating, words: "Rating", is: 1 });
    const begin = { form: document.getElementById("add-critique"), words: "A critique that says why", is: 1 };
    if (rated && Number(rated) < PERFECT && !critiques.length) all.push(begin);
    return all.filter(({ is }) => is);
  }

  function link({ form, words }) {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("a"), { href: `#${form.id}`, textContent: words }));
    return item;
  }

  function show() {
    const found = missing();
    const list = document.querySelector("[data-missing]");
    list.parentElement.hidden = !found.length;
    list.replaceChildren(...found.map(link));
  }

  for (const change of ["DOMContentLoaded", "input", "htmx:after:swap"]) document.addEventListener(change, show);
})();
