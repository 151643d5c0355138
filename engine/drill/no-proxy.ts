// Keeps requests to this machine off the shell's proxy. With NODE_USE_ENV_PROXY or `node --use-env-proxy` Node sends every
// request to the proxy of the environment, those to a drill's own servers too: the drill would leave the machine.
import http from 'node:http';

const HERE = ['127.0.0.1', 'localhost', '[::1]', '::1'];

/**
 * fetch looks at NO_PROXY with each request; the agent of node:http was made when the process began, so it is replaced by one
 * that knows no proxy. Source: https://nodejs.org/api/cli.html#node_use_env_proxy1, and tried with Node 24.
 */
export function reachThisMachineDirectly(env: NodeJS.ProcessEnv = process.env): void {
  for (const name of ['NO_PROXY', 'no_proxy']) {
    const before = (env[name] ?? '').split(/[\s,]+/).filter((host) => host !== '');
    env[name] = [...new Set([...before, ...HERE])].join(',');
  }
  http.globalAgent = new http.Agent({ keepAlive: true, timeout: 5000 });
}
