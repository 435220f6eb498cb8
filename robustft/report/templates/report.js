(function () {
  "use strict";

  const PAGE = 10;

  /* Everything that comes from data goes into the page as text. */
  function make(tag, name, text) {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function themes() {
    const button = document.getElementById("theme");
    const names = ["auto", "light", "dark"];
    let now = "auto";
    try { now = localStorage.getItem("robustft-theme") || "auto"; } catch (_) { /* kept by no one */ }
    function apply() {
      if (now === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = now;
      button.querySelector("span").textContent = now;
    }
    button.addEventListener("click", () => {
      now = names[(names.indexOf(now) + 1) % names.length];
      try { localStorage.setItem("robustft-theme", now); } catch (_) { /* kept by no one */ }
      apply();
    });
    button.hidden = false;
    apply();
    const print = document.getElementById("print");
    print.addEventListener("click", () => window.print());
    print.hidden = false;
    let closed = [];
    window.addEventListener("beforeprint", () => {
      closed = [...document.querySelectorAll("details:not([open])")];
      closed.forEach((node) => { node.open = true; });
    });
    window.addEventListener("afterprint", () => closed.forEach((node) => { node.open = false; }));
  }

  function whereWeAre() {
    if (!("IntersectionObserver" in window)) return;
    const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
    const seen = new Set();
    const watch = new IntersectionObserver((entries) => {
      entries.forEach((e) => (e.isIntersecting ? seen.add(e.target.id) : seen.delete(e.target.id)));
      const current = [...links.keys()].find((id) => seen.has(id));
      links.forEach((a, id) => (id === current ? a.setAttribute("aria-current", "true") : a.removeAttribute("aria-current")));
    }, { rootMargin: "-70px 0px -55% 0px" });
    links.forEach((_, id) => { const node = document.getElementById(id); if (node) watch.observe(node); });
  }

  async function unpack(node) {
    if (node.type === "application/json") return JSON.parse(node.textContent);
    const bytes = Uint8Array.from(atob(node.textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  function fold(text) { return text.toLocaleLowerCase(); }

  /* The changed text and the original, for the search. */
  function plain(kase) {
    let before = "", after = "";
    kase[4].forEach((pieces) => pieces.forEach((p) => {
      if (typeof p === "string") { before += p; after += p; }
      else if (typeof p === "number") { before += " … "; after += " … "; }
      else { before += p[0]; after += p[1]; }
    }));
    return fold(kase[0] + "\n" + before + "\n" + after);
  }

  function named(data, code) {
    return typeof code === "string" ? code : code < 0 ? "" : data.names[code];
  }

  function shares(mille) { return (mille / 10).toFixed(1) + "%"; }

  async function start(root) {
    const settings = JSON.parse(root.querySelector(".settings").textContent);
    const data = await unpack(root.querySelector(".data"));
    const form = root.querySelector("form"), list = root.querySelector(".cases");
    const hits = root.querySelector(".hits"), pages = root.querySelector(".pages");
    const kinds = settings.kinds;
    const texts = new Array(data.cases.length);
    let found = [], page = 0;

    function accepts(item, want) {
      const [kase, model] = item, set = data.sets[kase[1]], said = kase[3][model];
      if (want.transform && set.transform !== want.transform) return false;
      if (want.severity && String(set.severity) !== want.severity) return false;
      if (want.model && String(model) !== want.model) return false;
      if (want.label && named(data, kase[2]) !== settings.labels[Number(want.label)]) return false;
      if (want.part && !kase[7].includes(Number(want.part))) return false;
      if (want.outcome === "changed" && said[0] < 2) return false;
      if (want.outcome === "held" && said[0] > 1) return false;
      if (/^\d$/.test(want.outcome) && said[0] !== Number(want.outcome)) return false;
      if (want.sure === "high" && said[4] < 900) return false;
      if (want.sure === "middle" && (said[4] >= 900 || said[4] < 700)) return false;
      if (want.sure === "low" && said[4] >= 700) return false;
      return true;
    }

    function filter() {
      const want = Object.fromEntries(new FormData(form));
      const words = fold(want.text || "").split(/\s+/).filter(Boolean);
      found = [];
      data.cases.forEach((kase, i) => {
        if (words.length) {
          texts[i] = texts[i] || plain(kase);
          if (!words.every((word) => texts[i].includes(word))) return;
        }
        kase[3].forEach((said, model) => {
          if (said !== 0 && accepts([kase, model], want)) found.push([kase, model, i]);
        });
      });
      const by = want.order || "data";
      const weight = { sure: (i) => -i[0][3][i[1]][4], unsure: (i) => i[0][3][i[1]][4], edits: (i) => i[0][6] }[by];
      if (weight) found.sort((a, b) => weight(a) - weight(b) || a[2] - b[2] || a[1] - b[1]);
      page = 0;
      show();
    }

    function show(focus) {
      const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
      page = Math.min(Math.max(page, 0), last);
      const from = page * PAGE, to = Math.min(from + PAGE, found.length);
      list.replaceChildren(...found.slice(from, to).map((item, k) => row(item, k)));
      const n = found.length.toLocaleString("en");
      hits.textContent = found.length
        ? `${n} ${found.length === 1 ? "hit" : "hits"}; shown: ${from + 1} to ${to}. ${settings.kept}`
        : `No hits. ${settings.kept}`;
      pages.hidden = last === 0;
      pages.querySelector("span").textContent = `${page + 1} of ${last + 1}`;
      pages.querySelector('[data-go="-1"]').disabled = page === 0;
      pages.querySelector('[data-go="1"]').disabled = page === last;
      if (focus !== undefined && list.children.length) move(focus < 0 ? list.children.length - 1 : focus);
    }

    function row(item, position) {
      const [kase, model] = item, said = kase[3][model], set = data.sets[kase[1]];
      const node = make("li", "case");
      node.tabIndex = position === 0 ? 0 : -1;
      const head = make("p", "said");
      head.append(make("span", `kind k${said[0]}`, kinds[said[0]]));
      const told = make("span");
      const sure = (mille) => (settings.shares ? ` ${shares(mille)}` : "");
      told.append(make("b", "", named(data, said[1])), sure(said[2]), " → ", make("b", "", named(data, said[3])), sure(said[4]));
      head.append(told);
      const label = named(data, kase[2]);
      if (label !== "") head.append(make("span", "quiet", `label: ${label}`));
      head.append(make("span", "where", [settings.models[model], set.name, kase[0]].filter(Boolean).join(" · ")));
      node.append(head);
      kase[4].forEach((pieces, column) => {
        const text = make("p", "text");
        if (data.columns.length > 1) text.append(make("span", "column", data.columns[column]));
        node.append(fill(text, pieces, model));
      });
      node.append(make("p", "by", origins(kase, model)));
      return node;
    }

    function fill(node, pieces, model) {
      pieces.forEach((p) => {
        if (typeof p === "string") { node.append(p); return; }
        if (typeof p === "number") {
          const gap = make("span", "gap", "…");
          gap.title = `${p.toLocaleString("en")} characters left out`;
          node.append(gap);
          return;
        }
        const by = data.by[p[2]];
        const needed = p[3] >> model & 1 ? "needed" : "";
        if (p[0]) { const gone = make("del", needed, p[0]); gone.title = by; node.append(gone); }
        if (p[1]) { const came = make("ins", needed, p[1]); came.title = by; node.append(came); }
      });
      return node;
    }

    function origins(kase, model) {
      if (!kase[6]) return "nothing was changed in this row";
      const counts = new Map();
      let needed = 0;
      kase[4].forEach((pieces) => pieces.forEach((p) => {
        if (Array.isArray(p) && p[3] >> model & 1) needed += 1;
        if (Array.isArray(p)) counts.set(data.by[p[2]], (counts.get(data.by[p[2]]) || 0) + 1);
      }));
      const told = [...counts].map(([name, n]) => `${name} ${n}`).join(", ");
      const more = kase[6] - kase[5];
      return `${kase[6]} ${kase[6] === 1 ? "edit" : "edits"}: ${told}` + (more ? `, ${more} more not shown` : "")
        + (needed ? `; ${needed === 1 ? "the framed one alone turns" : `the ${needed} framed ones turn`} the prediction` : "");
    }

    function move(to) {
      const rows = [...list.children];
      if (!rows.length) return;
      const at = Math.min(Math.max(to, 0), rows.length - 1);
      rows.forEach((node, k) => { node.tabIndex = k === at ? 0 : -1; });
      rows[at].focus();
    }

    function go(step, focus) { page += step; show(focus); }

    list.addEventListener("keydown", (event) => {
      const at = [...list.children].indexOf(event.target);
      if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      const last = list.children.length - 1, pages = Math.ceil(found.length / PAGE);
      const act = {
        ArrowDown: () => (at < last ? move(at + 1) : page + 1 < pages && go(1, 0)),
        ArrowUp: () => (at > 0 ? move(at - 1) : page > 0 ? go(-1, -1) : form.elements.text.focus()),
        ArrowRight: () => page + 1 < pages && go(1, 0),
        ArrowLeft: () => page > 0 && go(-1, 0),
        Home: () => move(0),
        End: () => move(last),
      }[event.key];
      if (act) { event.preventDefault(); act(); }
    });
    form.elements.text.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") { event.preventDefault(); move(0); }
    });
    pages.addEventListener("click", (event) => {
      if (event.target.dataset.go) go(Number(event.target.dataset.go));
    });
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    form.hidden = false;
    filter();
  }

  function slash(event) {
    const at = event.target;
    if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName)) return;
    const roots = [...document.querySelectorAll(".browser")];
    const middle = window.innerHeight / 2;
    const near = roots.find((root) => root.getBoundingClientRect().bottom > middle) || roots[roots.length - 1];
    const field = near && near.querySelector("input[name=text]");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  }

  themes();
  whereWeAre();
  document.addEventListener("keydown", slash);
  document.querySelectorAll(".browser").forEach((root) => {
    start(root).catch((problem) => {
      root.querySelector(".hits").textContent = `The rows could not be read: ${problem.message}`;
    });
  });
})();
