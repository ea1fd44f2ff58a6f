"use strict";
(() => {
  const note = document.getElementById("live");
  const put = (cell, text) => {
    if (cell.textContent === text) return;
    cell.textContent = text;
    if (cell.dataset.state !== undefined) cell.dataset.state = text.split(" ")[0];
  };
  const failures = (rows) => {
    const section = document.getElementById("failures");
    section.hidden = rows.length === 0;
    section.querySelector("tbody").replaceChildren(...rows.map((row) => {
      const line = document.createElement("tr");
      row.forEach((text, index) => {
        const cell = line.insertCell();
        cell.textContent = text;
        if (index >= 2) cell.className = "wide";
      });
      return line;
    }));
  };
  const source = new EventSource(document.documentElement.dataset.events);
  source.onopen = () => { note.textContent = "live"; note.className = "on"; };
  source.onerror = () => { note.textContent = "not connected, trying again"; note.className = "off"; };
  source.onmessage = (event) => {
    const data = JSON.parse(event.data);
    for (const [id, cells] of Object.entries(data.rows)) {
      const row = document.getElementById(id);
      // A reload brought something that this page does not show yet.
      if (!row) { source.close(); location.reload(); return; }
      const places = id === "p" ? row.querySelectorAll("dd") : row.children;
      cells.forEach((text, index) => places[index] && put(places[index], text));
    }
    if (data.failures) failures(data.failures);
  };
})();
