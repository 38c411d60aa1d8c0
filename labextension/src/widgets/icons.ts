/** Our icons, drawn with the theme's colours. */
import { LabIcon } from '@jupyterlab/ui-components';

/** A play sign inside an open ring: run, elsewhere. */
export const valoIcon = new LabIcon({
  name: 'valo-jupyter:valo',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M12 2a10 10 0 1 0 10 10h-2.2A7.8 7.8 0 1 1 12 4.2z"/>
    <path d="M9.5 7.6v8.8l7-4.4z"/>
    <circle cx="18.6" cy="5.4" r="2.4"/>
  </g>
</svg>`
});

export const runIcon = new LabIcon({
  name: 'valo-jupyter:run',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M6 4v16l9-8z"/>
    <path d="M15 6h7v2h-7zM17 11h5v2h-5zM15 16h7v2h-7z"/>
  </g>
</svg>`
});

/** A cylinder of layers. */
export const dataIcon = new LabIcon({
  name: 'valo-jupyter:data',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M12 3c-4.4 0-8 1.3-8 3v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6c0-1.7-3.6-3-8-3zm0 2c3.6 0 6 .8 6 1s-2.4 1-6 1-6-.8-6-1 2.4-1 6-1zM6 8.300c1.500.5 3.600.7 6 .7s4.500-.2 6-.7V12c0 .200-2.400 1-6 1s-6-.8-6-1zm0 6c1.500.5 3.600.7 6 .7s4.500-.2 6-.7V18c0 .200-2.400 1-6 1s-6-.8-6-1z"/>
  </g>
</svg>`
});

/** Machines, one above the other. */
export const environmentIcon = new LabIcon({
  name: 'valo-jupyter:environment',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M3 4h18v7H3zm2 2v3h14V6zM3 13h18v7H3zm2 2v3h14v-3z"/>
    <circle cx="8" cy="7.5" r="1.1"/>
    <circle cx="8" cy="16.5" r="1.1"/>
  </g>
</svg>`
});
