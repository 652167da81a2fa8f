/** Addresses of pages. Names are data: each is escaped. */

const segment = encodeURIComponent;

export const projectPath = (entity: string, project: string, tab = ""): string =>
  `/${segment(entity)}/${segment(project)}${tab === "" ? "" : `/${tab}`}`;

export const runPath = (entity: string, project: string, run: string, tab = ""): string =>
  `${projectPath(entity, project)}/runs/${segment(run)}${tab === "" ? "" : `/${tab}`}`;
