// Paths to handlers, as a tree of segments: a literal segment wins over a parameter, so /users/count is never a user.

export interface Route<H> {
  readonly method: string;
  /** `/v1/users/:userId/ban` */
  readonly path: string;
  readonly handler: H;
}
export interface RouteMatch<H> {
  readonly route: Route<H>;
  readonly params: { readonly [name: string]: string };
}

interface Node<H> {
  readonly literals: Map<string, Node<H>>;
  parameter?: Node<H>;
  readonly routes: Map<string, Route<H>>;
}

function newNode<H>(): Node<H> {
  return { literals: new Map(), routes: new Map() };
}

/** A function that finds the route of a request, or undefined. */
export function createRouter<H>(
  routes: readonly Route<H>[],
): (method: string, path: string) => RouteMatch<H> | undefined {
  const root = newNode<H>();
  for (const route of routes) insert(root, route);
  return (method, path) => {
    let node: Node<H> | undefined = root;
    const values: string[] = [];
    for (const segment of path.split('/').slice(1)) {
      const literal: Node<H> | undefined = node.literals.get(segment);
      if (literal === undefined) values.push(segment);
      node = literal ?? node.parameter;
      if (node === undefined) return undefined;
    }
    const route = node.routes.get(method);
    return route === undefined ? undefined : { route, params: nameValues(route.path, values) };
  };
}

function insert<H>(root: Node<H>, route: Route<H>): void {
  let node = root;
  for (const segment of route.path.split('/').slice(1)) {
    let next = segment.startsWith(':') ? node.parameter : node.literals.get(segment);
    if (next === undefined) {
      next = newNode<H>();
      if (segment.startsWith(':')) node.parameter = next;
      else node.literals.set(segment, next);
    }
    node = next;
  }
  node.routes.set(route.method, route);
}

function nameValues(path: string, values: readonly string[]): { readonly [name: string]: string } {
  if (values.length === 0) return {};
  const names = path.split('/').filter((segment) => segment.startsWith(':'));
  return Object.fromEntries(names.map((name, index) => [name.slice(1), decodeSegment(values[index] ?? '')]));
}

/** A segment that cannot be decoded stands for itself: it then names nothing that exists. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
