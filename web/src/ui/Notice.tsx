import type { ReactNode } from "react";
import { CodeBlock } from "./CodeBlock";

export function Notice({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="notice">
      <h1>{title}</h1>
      {children}
    </div>
  );
}

/** Teaches how to fill an empty page: three lines of Python with this server's address. */
export function FirstRun({ entity, project }: { entity?: string; project?: string }) {
  const address = window.location.origin;
  const settings =
    address === "http://127.0.0.1:8080" ? "" : `export RUNWAKE_BASE_URL=${address}\n`;
  const owner =
    entity === undefined || entity === "local" ? "" : `, entity=${JSON.stringify(entity)}`;
  const code = [
    "import runwake",
    `with runwake.init(project=${JSON.stringify(project ?? "my-project")}${owner}) as run:`,
    '    run.log({"loss": 0.25, "accuracy": 0.9})',
  ].join("\n");
  return (
    <>
      {settings !== "" && (
        <>
          <p>Tell the training machine where this server is:</p>
          <CodeBlock code={settings.trim()} label="Shell" />
        </>
      )}
      <p>Then log from any training script:</p>
      <CodeBlock code={code} label="Python" />
    </>
  );
}
