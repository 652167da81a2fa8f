import { CopyButton } from "./CopyButton";

export function CodeBlock({ code, label }: { code: string; label?: string }) {
  return (
    <div className="code-block">
      <section aria-label={label ?? "Code"}>
        <pre>{code}</pre>
      </section>
      <CopyButton text={code} label="Copy code" />
    </div>
  );
}
