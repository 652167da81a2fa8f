import * as Radix from "@radix-ui/react-slider";

interface Props {
  label: string;
  value: number;
  min?: number;
  max: number;
  step: number;
  disabled?: boolean;
  valueText?: string;
  className?: string;
  onChange: (value: number) => void;
}

export function Slider({ label, value, min = 0, max, step, disabled, ...rest }: Props) {
  return (
    <Radix.Root
      className={`slider ${rest.className ?? ""}`}
      value={[value]}
      min={min}
      max={max}
      step={step}
      disabled={disabled ?? false}
      onValueChange={([next]) => next !== undefined && rest.onChange(next)}
    >
      <Radix.Track className="slider__track">
        <Radix.Range className="slider__range" />
      </Radix.Track>
      <Radix.Thumb className="slider__thumb" aria-label={label} aria-valuetext={rest.valueText} />
    </Radix.Root>
  );
}
