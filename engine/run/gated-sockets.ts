// WebSocket and EventSource behind the gate: they send past `fetch`. What may leave the gate decides (gate.ts).

/**
 * Outside of actions it lets everything through.
 * @returns the signal that cuts it off, where there is one. @throws where it must not be opened, or send.
 */
export type AdmitSocket = (use: {
  readonly name: string;
  readonly address: string;
  /** `listen`: nothing can be sent by it. */
  readonly to: 'listen' | 'open' | 'send';
}) => AbortSignal | undefined;

/** Its opening and each message are checked, each by the rights of who asks for it. */
export function gatedWebSocket(base: typeof WebSocket, admit: AdmitSocket): typeof WebSocket {
  return class extends base {
    constructor(...[url, protocols]: ConstructorParameters<typeof WebSocket>) {
      // Read once: its holder may alter an address.
      const address = String(url);
      const signal = admit({ name: 'WebSocket', address, to: 'open' });
      super(address, protocols);
      closeWith(this, signal);
    }

    override send(...data: Parameters<WebSocket['send']>): void {
      admit({ name: 'WebSocket', address: this.url, to: 'send' });
      super.send(...data);
    }
  };
}

/** A GET that goes on. It follows redirects by itself, past the gate. */
export function gatedEventSource(base: typeof EventSource, admit: AdmitSocket): typeof EventSource {
  return class extends base {
    constructor(...[url, init]: ConstructorParameters<typeof EventSource>) {
      const address = String(url);
      const signal = admit({ name: 'EventSource', address, to: 'listen' });
      super(address, init);
      closeWith(this, signal);
    }
  };
}

function closeWith(socket: { close(): void }, signal: AbortSignal | undefined): void {
  signal?.addEventListener('abort', () => socket.close(), { once: true });
}
