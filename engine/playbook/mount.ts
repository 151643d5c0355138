// From a compiled playbook and those it calls to the one tree of nodes that a run follows.
import type { CallStep, GroupStep, Plan, PlanNode, PlanUnit } from './plan.ts';
import type { Unit } from './units.ts';

interface Mounting {
  readonly nodes: Map<string, PlanNode>;
  readonly units: Map<string, PlanUnit>;
  hasGroupTimeouts: boolean;
}

export function planOf(unit: Unit): Plan {
  const mounting: Mounting = { nodes: new Map(), units: new Map(), hasGroupTimeouts: false };
  const { root, finally: last } = mountUnit(unit, '', mounting);
  const { calls: _calls, paths: _paths, root: _root, finally: _finally, vars: _vars, ...rest } = unit;
  return {
    ...rest,
    root,
    ...(last === undefined ? {} : { finally: last }),
    hasGroupTimeouts: mounting.hasGroupTimeouts,
    nodes: mounting.nodes,
    units: mounting.units,
  };
}

function mountUnit(
  unit: Unit,
  path: string,
  mounting: Mounting,
): { readonly root: GroupStep; readonly finally?: GroupStep } {
  const { name, inputs, vars, outputs, file, text } = unit;
  const at = (own: string): string => (path === '' ? own : own === '' ? path : `${path}/${own}`);
  const paths = path === '' ? unit.paths : new Map([...unit.paths].map(([id, own]) => [id, at(own)]));
  mounting.units.set(path, { path, name, inputs, vars, outputs, paths, file, text });
  const mount = (node: PlanNode): PlanNode => {
    // Keeps the order of the file: what is inside comes after.
    mounting.nodes.set(at(node.path), node);
    const placed = { path: at(node.path), unit: path };
    switch (node.kind) {
      case 'group':
        return group(node);
      case 'loop':
        return add({ ...node, ...placed, body: mount(node.body) });
      case 'call':
        return call(node);
      default:
        return add({ ...node, ...placed });
    }
  };
  const add = <N extends PlanNode>(node: N): N => {
    if ('timeoutMs' in node && node.kind !== 'uses') mounting.hasGroupTimeouts = true;
    mounting.nodes.set(node.path, node);
    return node;
  };
  const group = (node: GroupStep): GroupStep =>
    add({ ...node, path: at(node.path), unit: path, steps: node.steps.map(mount) });
  const call = (node: CallStep): CallStep => {
    const callee = unit.calls.get(node.path);
    if (callee === undefined) throw new RangeError(`no playbook was compiled for the call ${node.path}`);
    const here = at(node.path);
    const inside = mountUnit(callee, here, mounting);
    // The callee's root is the call itself.
    return add({
      ...node,
      path: here,
      unit: path,
      steps: inside.root.steps,
      ...(inside.finally === undefined ? {} : { finally: inside.finally }),
    });
  };
  mounting.nodes.set(at(''), unit.root);
  const root = group(unit.root);
  if (unit.finally !== undefined) mounting.nodes.set(at(unit.finally.path), unit.finally);
  const last = unit.finally === undefined ? undefined : group(unit.finally);
  return last === undefined ? { root } : { root, finally: last };
}
