export async function copyUp(_root: string, _target: string, _volume: string, _signal?: AbortSignal): Promise<void> {}
