// Browsers refuse elements of more than some 17 million pixels (Firefox) or 33 million (Chromium). A log that would be taller is given the tallest safe
// element, and scroll positions are stretched over it.
export const ROW_PX = 20;
const TALLEST_PX = 15_000_000;

export interface ScrollFrame {
  /** Height of the scrolled element. */
  heightPx: number;
  /** Rows to draw: from `first` up to but not including `end`. */
  first: number;
  end: number;
  /** Where the first drawn row stands in the scrolled element. */
  offsetPx: number;
}

const OVERSCAN = 12;

export function frameAt(scrollTop: number, viewportPx: number, rows: number): ScrollFrame {
  const full = rows * ROW_PX;
  const heightPx = Math.min(full, TALLEST_PX);
  const top = scrollTop * stretch(viewportPx, rows);
  const first = Math.max(0, Math.floor(top / ROW_PX) - OVERSCAN);
  const end = Math.min(rows, Math.ceil((top + viewportPx) / ROW_PX) + OVERSCAN);
  return { heightPx, first, end, offsetPx: scrollTop + first * ROW_PX - top };
}

export type Place = 'top' | 'middle';

/** The scroll position that puts a row at that place of the viewport. */
export function scrollTopOf(row: number, viewportPx: number, rows: number, place: Place): number {
  const above = place === 'top' ? 0 : viewportPx / 2 - ROW_PX / 2;
  return Math.max(0, (row * ROW_PX - above) / stretch(viewportPx, rows));
}

/** The scroll position of the end. */
export function bottomOf(viewportPx: number, rows: number): number {
  return Math.max(0, Math.min(rows * ROW_PX, TALLEST_PX) - viewportPx);
}

function stretch(viewportPx: number, rows: number): number {
  const full = rows * ROW_PX;
  return full <= TALLEST_PX ? 1 : (full - viewportPx) / (TALLEST_PX - viewportPx);
}
