import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { filesQuery } from "../api/queries";
import type { RunDetail } from "../api/types";
import { formatBytes, formatTime } from "../charts/format";
import { matcher } from "../lib/search";
import { useProject } from "../panels/project-context";
import { ErrorNotice } from "../ui/ErrorNotice";
import { SearchBox } from "../ui/SearchBox";

const MAX_LISTED = 1_000;

/** The files of a run. */
export function RunFiles({ run }: { run: RunDetail }) {
  const { ref } = useProject();
  const { data, error, isPending } = useQuery(filesQuery(ref, run.id));
  const [search, setSearch] = useState("");
  if (error !== null && data === undefined) return <ErrorNotice error={error} />;
  if (isPending) return <div className="thin-bar" role="progressbar" aria-label="Loading files" />;
  const test = matcher(search, false).matches ?? (() => true);
  const files = data.files.filter((file) => test(file.path));
  if (data.files.length === 0)
    return <p className="workspace__empty muted">This run has no files.</p>;
  return (
    <section className="files" aria-label="Files">
      <div className="files__head">
        <SearchBox label="Search files" value={search} onChange={setSearch} />
        <span className="muted">
          {data.files.length} files, {formatBytes(data.files.reduce((sum, f) => sum + f.size, 0))}
        </span>
      </div>
      <table className="data-table">
        <thead>
          <tr>
            <th scope="col">Path</th>
            <th scope="col">Role</th>
            <th scope="col">Type</th>
            <th scope="col" className="number">
              Size
            </th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {files.slice(0, MAX_LISTED).map((file) => (
            <tr key={file.path}>
              <th scope="row">
                <a
                  className="link mono truncate"
                  href={file.url}
                  target="_blank"
                  rel="noreferrer"
                  title={file.path}
                >
                  {file.path}
                </a>
              </th>
              <td>{file.role}</td>
              <td className="muted">{file.media_type}</td>
              <td className="mono number" title={`${file.size} bytes`}>
                {formatBytes(file.size)}
              </td>
              <td className="muted">{formatTime(file.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {files.length > MAX_LISTED && (
        <p className="muted">{files.length - MAX_LISTED} more: narrow the search.</p>
      )}
    </section>
  );
}
