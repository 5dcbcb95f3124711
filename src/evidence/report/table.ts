import { html, type Markup } from "./html.js";

/** A cell, with what it is sorted by where that is not its text. */
export type Cell = Markup | string | number | null | { readonly shown: Markup | string; readonly value: number };

export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
}

interface Table {
  /** What it is a table of, for those who hear it. */
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Whether it can be searched; sorted it can be in any case. */
  readonly hasFilter?: boolean;
}

/** A table whose first cell of each row is its heading. The page's script lets it be sorted and searched, and folds long ones. */
export function renderTable({ caption, columns, rows, hasFilter = false }: Table): Markup {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table data-table${hasFilter ? html` data-filter` : null}>
      <caption class="hidden">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map(({ title, isNumber }) => html`<th scope="col" ${isNumber === true ? html` class="number"` : null}>${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => renderRow(row, columns))}
      </tbody>
    </table>
  </div>`;
}

function renderRow(row: readonly Cell[], columns: readonly Column[]): Markup {
  return html`<tr>
    ${row.map((cell, at) => renderCell(cell, at === 0, columns[at]?.isNumber === true))}
  </tr> `;
}

function renderCell(cell: Cell, isHead: boolean, isNumber: boolean): Markup {
  const isSorted = typeof cell === "object" && cell !== null && "shown" in cell;
  const shown = isSorted ? cell.shown : cell;
  const value = isSorted ? html` data-value="${cell.value}"` : null;
  const look = isNumber ? html` class="number"` : null;
  return isHead ? html`<th scope="row" ${look}${value}>${shown}</th>` : html`<td${look}${value}>${shown}</td>`;
}

/** How large a part of the whole is, to be seen; the number stands beside it. */
export function renderBar(part: number, whole: number): Markup {
  const width = whole === 0 ? 0 : Math.max(0.5, Math.min(100, (part / whole) * 100));
  return html`<svg class="bar" aria-hidden="true" focusable="false"><rect width="${width.toFixed(1)}%" height="100%" rx="2" /></svg>`;
}
