// Where a world keeps what: its own file, and the sample app's table beside it. Pure; a prune asks it without a world.

/** What the names of files beside the world's own begin with. */
export function filePrefixOf(worldFile: string): string {
  return worldFile.replace(/\.[^./\\]*$/, '');
}

/** The SQLite file of the app's user table. */
export function appTableFile(filePrefix: string): string {
  return `${filePrefix}.app.sqlite`;
}

/** The folder that programs of a drill take for the operator's home. */
export function homeFolderOf(worldFile: string): string {
  return `${filePrefixOf(worldFile)}.home`;
}

/** Every file that a world may leave. A drill's home, which no sandbox has, is not among them. */
export function filesOfWorld(worldFile: string): readonly string[] {
  const table = appTableFile(filePrefixOf(worldFile));
  // SQLite's own beside it stay where the process was killed: https://www.sqlite.org/wal.html
  return [worldFile, table, `${table}-wal`, `${table}-shm`];
}
