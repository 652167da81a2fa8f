/** Bodies of the server's API by their names. Types only: the schema is generated, not shipped. */

import type { components } from "./schema";

type Bodies = components["schemas"];

export type ServerInfo = Bodies["ServerInfo"];
export type Project = Bodies["Project"];
export type Run = Bodies["Run"];
export type RunDetail = Bodies["RunDetail"];
export type RunEdit = Bodies["RunEdit"];
export type RunPage = Bodies["RunPage"];
export type RunProcess = Bodies["RunProcess"];
export type RunAlert = Bodies["Alert"];
export type RunKey = Bodies["RunKey"];
export type RunState = Run["state"];
export type Changes = Bodies["Changes"];
export type MetricKey = Bodies["MetricKey"];
export type Line = Bodies["Line"];
export type LinesRequest = Bodies["LinesRequest"];
export type Source = LinesRequest["source"];
export type MediaList = Bodies["MediaList"];
export type MediaItem = Bodies["MediaItem"];
export type ConsoleLine = Bodies["ConsoleLine"];
export type ConsolePage = Bodies["ConsolePage"];
export type RunFile = Bodies["RunFile"];
