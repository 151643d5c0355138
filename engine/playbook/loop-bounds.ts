/** How many entries a `forEach` takes. Source: the language. More belongs inside an action that works in bulk. */
export const MOST_ITEMS = 10_000;
