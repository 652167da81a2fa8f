import { Component, type ReactNode } from "react";

interface Props {
  /** What broke, for the message: "This panel". */
  what: string;
  children: ReactNode;
}

/** Keeps a fault where it happened: the rest of the page goes on. */
export class ErrorBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="error-box" role="alert">
        <strong>{this.props.what} could not be drawn.</strong>
        <span>{error.message}</span>
        <button type="button" className="button" onClick={() => this.setState({ error: null })}>
          Try again
        </button>
      </div>
    );
  }
}
