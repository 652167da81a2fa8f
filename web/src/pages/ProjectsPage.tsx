import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { Link, useParams } from "react-router";
import { projectsQuery } from "../api/queries";
import type { Project } from "../api/types";
import { formatAgo, formatCount, formatTime } from "../charts/format";
import { projectPath } from "../lib/addresses";
import { matcher } from "../lib/search";
import { ErrorNotice } from "../ui/ErrorNotice";
import { FirstRun, Notice } from "../ui/Notice";
import { SearchBox } from "../ui/SearchBox";
import { Finder, useFinder } from "./Finder";
import { TopBar } from "./TopBar";

/** Home: all projects (of one entity), the most recently active first. */
export function ProjectsPage() {
  const { entity } = useParams();
  const { data, error, isPending } = useQuery(projectsQuery());
  const [search, setSearch] = useState("");
  const finder = useFinder();
  useEffect(() => {
    document.title = entity === undefined ? "Runwake" : `${entity} · Runwake`;
  }, [entity]);
  const mine = useMemo(
    () => (data?.projects ?? []).filter((p) => entity === undefined || p.entity === entity),
    [data, entity],
  );
  const matches = matcher(search, false).matches ?? (() => true);
  const shown = mine.filter((project) => matches(`${project.entity}/${project.name}`));
  return (
    <div className="page">
      <TopBar
        crumbs={
          entity === undefined ? [] : [{ label: entity, to: `/${encodeURIComponent(entity)}` }]
        }
        onFind={finder.show}
      />
      <Finder {...finder} />
      <main className="page__body">
        {isPending && <div className="thin-bar" role="progressbar" aria-label="Loading projects" />}
        {error !== null && data === undefined && <ErrorNotice error={error} />}
        {data !== undefined && mine.length === 0 && (
          <Notice title="No project yet">
            <p>A project comes into being with its first run.</p>
            <FirstRun {...(entity === undefined ? {} : { entity })} />
          </Notice>
        )}
        {mine.length > 0 && (
          <div className="projects">
            <div className="projects__head">
              <h1>Projects</h1>
              <span className="badge">{mine.length}</span>
              <SearchBox label="Search projects" value={search} onChange={setSearch} />
            </div>
            <ProjectTable projects={shown} />
            {shown.length === 0 && <p className="muted projects__none">No project matches.</p>}
          </div>
        )}
      </main>
    </div>
  );
}

function ProjectTable({ projects }: { projects: readonly Project[] }) {
  if (projects.length === 0) return null;
  const now = Date.now() / 1000;
  return (
    <table className="project-table">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Owner</th>
          <th scope="col" className="number">
            Runs
          </th>
          <th scope="col">Running now</th>
          <th scope="col">Last activity</th>
          <th scope="col">Created</th>
        </tr>
      </thead>
      <tbody>
        {projects.map((project) => (
          <tr key={`${project.entity}/${project.name}`}>
            <td>
              <Link
                className="project-table__name truncate"
                to={projectPath(project.entity, project.name)}
                title={project.name}
              >
                {project.name}
              </Link>
            </td>
            <td>
              <Link className="muted truncate" to={`/${encodeURIComponent(project.entity)}`}>
                {project.entity}
              </Link>
            </td>
            <td className="number mono">{formatCount(project.num_runs)}</td>
            <td>
              {project.num_running > 0 ? (
                <span className="state state--running">
                  <span className="pulse" /> {project.num_running} running
                </span>
              ) : (
                <span className="muted">–</span>
              )}
            </td>
            <td className="muted" title={formatTime(project.last_activity_at ?? Number.NaN)}>
              {project.last_activity_at === null ? "–" : formatAgo(project.last_activity_at, now)}
            </td>
            <td className="muted" title={formatTime(project.created_at)}>
              {formatAgo(project.created_at, now)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
