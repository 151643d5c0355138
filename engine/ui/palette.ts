// Colours by meaning. Whether there are any is decided once, where the streams are known.
import { styleText } from 'node:util';

type Paint = (text: string) => string;

export interface Palette {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  /** A person must look. */
  readonly attention: Paint;
  readonly active: Paint;
}

export function createPalette(hasColor: boolean): Palette {
  const paint = (style: Parameters<typeof styleText>[0]): Paint =>
    hasColor ? (text) => styleText(style, text, { validateStream: false }) : (text) => text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    good: paint('green'),
    bad: paint('red'),
    attention: paint('yellow'),
    active: paint('cyan'),
  };
}
