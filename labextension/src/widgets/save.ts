/** Lets the browser save something to the user's disk. */

export function saveUrl(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.rel = 'noopener';
  document.body.append(link);
  link.click();
  link.remove();
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  saveUrl(url, name);
  // the browser has taken the address over by then
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
