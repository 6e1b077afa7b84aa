(() => {
  'use strict';
  const find = (selector, at = document) => at.querySelector(selector);
  const all = (selector, at = document) => [...at.querySelectorAll(selector)];
  const data = JSON.parse(find('#data').textContent);

  /* On a narrow screen the rows of wide tables become cards, whose values have names. */
  all('.wide table').forEach((table) => {
    const names = all('thead th', table).map((one) => one.textContent);
    if (names.length < 4) return;
    table.classList.add('cards');
    all('tbody tr', table).forEach((row) => {
      all('td', row).forEach((cell, k) => { cell.dataset.label = names[k + 1]; });
    });
  });

  /* The viewer: the original, the edits and what is stored side by side; and the original to the left of a line, what
   * is stored to its right. */
  const viewer = find('#viewer'), figures = all('.grid figure');
  let current = -1;
  const captioned = (what, text) => {
    const figure = document.createElement('figure'), caption = document.createElement('figcaption');
    caption.textContent = text;
    figure.append(what, caption);
    return figure;
  };
  /* At its own size, or larger by a whole factor, up to `most` pixels wide. */
  const enlarge = (image, most) => {
    const set = () => {
      const times = Math.max(1, Math.floor(most / image.naturalWidth));
      image.width = times * image.naturalWidth;
      image.height = times * image.naturalHeight;
    };
    if (image.naturalWidth) set(); else image.addEventListener('load', set);
  };
  const slide = () => {
    find('.stack', viewer).style.setProperty('--at', `${find('.slider input', viewer).value}%`);
  };
  const show = (place) => {
    current = place;
    const figure = figures[place], stored = find('img.stored', figure), more = find('.more', figure);
    const original = find('img.original', more);
    const left = original || find('.missing', more);
    find('.title', viewer).textContent = find('h3', more).textContent;
    find('.pair', viewer).replaceChildren(
      captioned(left.cloneNode(true), original ? 'original' : 'no original'),
      ...all('img.edit', more).map((edit) => captioned(edit.cloneNode(), edit.alt)),
      captioned((stored || find('.lost', figure)).cloneNode(true), 'stored'));
    const aligned = original && stored && figure.dataset.aligned === '1';
    find('.slider', viewer).hidden = !aligned;
    find('.stack', viewer).replaceChildren(...(aligned ? [original.cloneNode(), stored.cloneNode()] : []));
    if (!viewer.open) viewer.showModal();
    const room = viewer.clientWidth - 32, columns = Math.min(all('.pair figure', viewer).length, room < 600 ? 2 : 4);
    all('.pair img', viewer).forEach((image) => enlarge(image, Math.min(352, room / columns - 13)));
    all('.stack img', viewer).forEach((image) => enlarge(image, Math.min(352, room)));
    slide();
    const facts = find('dl', more);
    find('.facts', viewer).replaceChildren(...(facts ? [facts.cloneNode(true)] : []));
    find('[data-do=previous]', viewer).disabled = place === 0;
    find('[data-do=next]', viewer).disabled = place === figures.length - 1;
    viewer.scrollTop = 0;
  };
  const step = (by) => {
    let place = current + by;
    while (figures[place] && figures[place].closest('.class').hidden) place += by;
    if (figures[place]) show(place);
  };
  figures.forEach((figure, place) => find('button', figure).addEventListener('click', () => show(place)));
  find('.slider input', viewer).addEventListener('input', slide);
  viewer.addEventListener('click', (event) => {
    const what = event.target.dataset.do;
    if (event.target === viewer || what === 'close') viewer.close();
    if (what === 'previous') step(-1);
    if (what === 'next') step(1);
  });
  viewer.addEventListener('keydown', (event) => {
    if (event.target.type === 'range') return;
    if (event.key === 'ArrowLeft') step(-1);
    if (event.key === 'ArrowRight') step(1);
  });

  /* report.html#picture-3 opens the third image, #map-1 the first class's map. */
  const follow = () => {
    const target = /^#(picture|map)-\d+$/.test(location.hash) && find(location.hash);
    if (target) find('button, summary', target).click();
  };
  addEventListener('hashchange', follow);

  all('.filter input').forEach((filter) => filter.addEventListener('input', () => {
    const word = filter.value.trim().toLowerCase();
    all('.class, tbody tr', filter.closest('section')).forEach((one) => {
      one.hidden = !find('h3, th', one).textContent.toLowerCase().includes(word);
    });
  }));

  /* Charts, in the colours of the page's theme. */
  const charts = [];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const faint = (hex) => `${hex}26`;
  const axis = (title, more) => ({
    title: { display: true, text: title }, grid: { drawBorder: false }, ...more,
  });
  const options = (scales) => ({
    responsive: true, maintainAspectRatio: false, animation: false, scales,
    interaction: { mode: 'index', intersect: false },
    plugins: { legend: { position: 'top', align: 'end', labels: { boxWidth: 22, boxHeight: 0 } } },
  });
  const paint = ({ chart, id }) => {
    const soft = colour('soft'), line = colour('grid');
    for (const scale of Object.values(chart.options.scales)) {
      scale.grid.color = line;
      scale.ticks = { ...scale.ticks, color: soft };
      scale.title.color = soft;
    }
    chart.options.plugins.legend.labels.color = soft;
    if (id === 'map') {
      chart.data.datasets.forEach((set) => { if (set.label === 'chosen') set.borderColor = colour('text'); });
    } else {
      const [stored, original, ...others] = chart.data.datasets;
      stored.borderColor = colour(id);
      stored.backgroundColor = faint(colour(id));
      original.borderColor = colour('original');
      others.forEach((other, k) => { other.borderColor = `hsl(${[30, 320, 185, 55, 280, 90][k % 6]} 65% 48%)`; });
    }
    chart.update('none');
  };
  const add = (chart, id) => { const one = { chart, id }; charts.push(one); paint(one); };

  const points = (values, [from, to]) => values.map((y, i) => ({ x: from + (to - from) * i / (values.length - 1), y }));
  const draw = (figure) => {
    const curve = data.curves[Number(figure.dataset.curve)];
    const [from, to] = curve.x;
    const settings = options({
      x: axis(curve.x_title, { type: 'linear', min: from, max: to, ticks: { maxTicksLimit: 9 } }),
      y: axis(curve.y_title, { beginAtZero: true, ticks: { maxTicksLimit: 6 } }),
    });
    settings.plugins.tooltip = { callbacks: {
      title: (items) => `${curve.x_title} ${items[0].parsed.x.toFixed(0)}`,
      label: (item) => `${item.dataset.label}: ${item.parsed.y.toPrecision(2)} %`,
    } };
    add(new Chart(find('canvas', figure), {
      type: 'line',
      data: { datasets: [
        { label: 'stored', data: points(curve.stored, curve.x), borderWidth: 2, pointRadius: 0, fill: true },
        ...(curve.original.length ? [{ label: 'original', data: points(curve.original, curve.x), borderWidth: 2,
          borderDash: [6, 4], pointRadius: 0 }] : [{ label: '', data: [], hidden: true }]),
        ...curve.others.map(([label, values], k) => ({ label, data: points(values, curve.x), borderWidth: 1.5,
          borderDash: [[2, 2], [10, 3], [8, 3, 2, 3]][k % 3], pointRadius: 0 })),
      ] },
      options: { ...settings, plugins: { ...settings.plugins, legend: { ...settings.plugins.legend,
        labels: { ...settings.plugins.legend.labels, filter: (item) => item.text } } } },
    }), curve.id);
  };
  all('.curve').forEach(draw);

  /* A class's map is drawn when it is opened. */
  const drawMap = (details) => {
    const map = data.maps[Number(details.dataset.map)];
    const bins = [...new Set(map.points.map((p) => p[2]))].sort((a, b) => a - b);
    const hue = (k) => `hsl(${Math.round(360 * bins.indexOf(k) / bins.length)} 60% 55% / .75)`;
    const at = ([x, y]) => ({ x, y });
    const settings = options({ x: axis('first component', {}), y: axis('second component', {}) });
    settings.plugins.tooltip = { enabled: false };
    add(new Chart(find('canvas', details), {
      type: 'scatter',
      data: { datasets: [
        { label: 'chosen', data: map.chosen.map(at), pointRadius: 7, borderWidth: 2.5, pointStyle: 'circle',
          backgroundColor: 'transparent' },
        ...bins.map((k) => ({ label: `bin ${k + 1}`, data: map.points.filter((p) => p[2] === k).map(at),
          pointRadius: 2.5, borderWidth: 0, backgroundColor: hue(k) })),
      ] },
      options: { ...settings, interaction: { mode: 'nearest', intersect: true }, plugins: { ...settings.plugins,
        legend: { ...settings.plugins.legend, labels: { usePointStyle: true, boxWidth: 8, boxHeight: 8,
          filter: (item) => bins.length <= 12 || item.text === 'chosen' } } } },
    }), 'map');
  };
  all('.map').forEach((details) => details.addEventListener('toggle', () => drawMap(details), { once: true }));

  const repaint = () => charts.forEach(paint);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
  matchMedia('print').addEventListener('change', repaint);
  addEventListener('beforeprint', () => charts.forEach(({ chart }) => chart.resize()));
  addEventListener('afterprint', () => charts.forEach(({ chart }) => chart.resize()));
  document.documentElement.dataset.ready = 'yes';
  follow();
})();
