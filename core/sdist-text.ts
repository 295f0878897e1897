/** A file of an sdist that was read. */
export interface SdistText {
  /** Relative to the sdist's top folder. */
  path: string;
  text: string;
}
