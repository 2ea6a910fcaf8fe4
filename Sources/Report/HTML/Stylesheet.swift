extension Markup {
  /// The style of a page on narrow and wide screens, in light and dark mode, and on paper.
  static let stylesheet = Markup(
    css: """
      :root { color-scheme: light dark;
        --paper: #fff; --ink: #1b1f24; --quiet: #5b6570; --rule: #d9dee3; --shade: #f3f5f7;
        --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #e69f00; --c5: #56b4e9;
        --c6: #1b1f24; }
      @media (prefers-color-scheme: dark) { :root {
        --paper: #14171a; --ink: #e6e9ec; --quiet: #9aa5b0; --rule: #343b42; --shade: #1e2327;
        --c0: #3a9bd9; --c1: #f0803c; --c2: #1fbf92; --c6: #e6e9ec; } }
      * { box-sizing: border-box; }
      body { margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--paper);
        color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
      h1 { font-size: 1.5rem; line-height: 1.2; margin: .5rem 0; }
      h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; break-after: avoid; }
      p { margin: .5rem 0; max-width: 46rem; }
      .quiet, small { color: var(--quiet); }
      .box { overflow: auto; border: 1px solid var(--rule); border-radius: 6px;
        margin: .75rem 0; width: fit-content; max-width: 100%; }
      .tall { max-height: min(80vh, 40rem); }
      .box:focus-visible { outline: 2px solid var(--c0); }
      table { border-collapse: separate; border-spacing: 0; font-size: .85rem;
        font-variant-numeric: tabular-nums; overflow-wrap: normal; }
      caption { position: absolute; width: 1px; height: 1px; overflow: hidden;
        clip-path: inset(50%); }
      th, td { padding: .3rem .6rem; text-align: right; white-space: nowrap;
        border-bottom: 1px solid var(--rule); }
      tbody tr:last-child > * { border-bottom: 0; }
      th { font-weight: 500; background: var(--shade); }
      thead th { position: sticky; top: 0; z-index: 1; vertical-align: bottom; white-space: normal; }
      th.key, .words { text-align: left; }
      th.key { position: sticky; left: 0; }
      thead th.key { z-index: 2; }
      thead th small { display: block; white-space: nowrap; }
      wbr { display: none; }
      @media (max-width: 48rem) {
        wbr { display: inline; }
        th.key { white-space: normal; min-width: 8.5rem; }
        th.key small { display: block; }
      }
      strong { font-weight: 700; text-decoration: underline; text-underline-offset: .2em; }
      .plots { display: grid; gap: 1rem 1.5rem;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); }
      section > p, .legend { break-after: avoid; break-inside: avoid; }
      figure { margin: 0; break-inside: avoid; }
      figcaption { font-weight: 600; }
      figure svg { display: block; width: 100%; height: auto; }
      svg text { font: 11px system-ui, sans-serif; fill: var(--quiet); }
      svg line { stroke: var(--rule); }
      .line { fill: none; stroke: var(--c); stroke-width: 1.6; stroke-linejoin: round; }
      .marker { fill: var(--c); stroke: var(--c); stroke-width: 1.2; }
      .band { fill: var(--c); opacity: .2; }
      .level line { stroke: var(--ink); stroke-dasharray: 1 3; }
      .c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); }
      .c3 { --c: var(--c3); } .c4 { --c: var(--c4); } .c5 { --c: var(--c5); }
      .c6 { --c: var(--c6); }
      .legend { list-style: none; margin: .75rem 0; padding: 0; font-size: .9rem;
        display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
      .swatch { width: 36px; height: 12px; vertical-align: middle; color: var(--ink); }
      @page { size: A4 landscape; margin: 12mm; }
      @media print {
        :root { color-scheme: light; --paper: #fff; --ink: #000; --quiet: #444; --rule: #bbb;
          --shade: #eee; --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c6: #000; }
        body { padding: 0; max-width: none; font-size: 10pt; }
        .box { overflow: visible; max-height: none; border: 0; max-width: none;
          break-inside: avoid; }
        .tall { break-inside: auto; }
        table { font-size: min(9pt, 110pt / var(--columns)); }
        th, td { padding: .15em .5em; }
        thead th, th.key { position: static; }
        th.key { min-width: 0; white-space: nowrap; }
        th.key small { display: inline; }
        wbr { display: none; }
        tr { break-inside: avoid; }
        .plots { grid-template-columns: repeat(3, 1fr); }
      }
      """)
}
