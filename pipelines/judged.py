"""What the tables' scripts share: evaluations of jobs, and numbers as people read them."""
import json
import math
import re
import statistics

# metric: title, whether more is better
METRICS = {
    "r2_angle": ("R² angle", True),
    "r2_velocity": ("R² velocity", True),
    "r2_velocity_cubic": ("R² velocity, cubic", True),
    "r2_angle1": ("R² angle 1", True),
    "r2_angle2": ("R² angle 2", True),
    "r2_velocity1": ("R² velocity 1", True),
    "r2_velocity2": ("R² velocity 2", True),
    "r2_angle1_cubic": ("R² angle 1, cubic", True),
    "r2_angle2_cubic": ("R² angle 2, cubic", True),
    "r2_velocity1_cubic": ("R² velocity 1, cubic", True),
    "r2_velocity2_cubic": ("R² velocity 2, cubic", True),
    "mse_smoothed": ("MSE smoothed", False),
    "mse_floor": ("floor", False),
    "to_floor": ("MSE/floor", False),
    "mse_smoothed_first_11": ("first 11 steps", False),
    "mse_filtered": ("MSE filtered", False),
    "ratio": ("smoothed/filtered", True),
    "ratio_11": ("first 11/filtered", True),
    "elbo": ("ELBO", True),
    "distortion_excess": ("distortion excess", False),
    "rate": ("rate", False),
    "seconds": ("seconds", False),
    "cpu_seconds": ("CPU seconds", False),
}

# the published names of the reacher's true states; where its angles are what is observed, the first one, the shoulder's, is judged as it stands
REACHER_STATES = {
    "r2_angle1": "r2_shoulder",
    "r2_angle2": "r2_wrist",
    "r2_velocity1": "r2_shoulder_velocity",
    "r2_velocity2": "r2_wrist_velocity",
    "r2_angle1_cubic": "r2_shoulder_cubic",
    "r2_angle2_cubic": "r2_wrist_cubic",
    "r2_velocity1_cubic": "r2_shoulder_velocity_cubic",
    "r2_velocity2_cubic": "r2_wrist_velocity_cubic",
}


def lines_of(path):
    """Fields of a TSV's lines, without its comments."""
    return [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8") if line.strip() and not line.startswith("#")]


def read_times(path):
    """Wall and processor seconds of a training: a line for each time that it was started (and the shell's words where it was killed)."""
    lines = [[float(x) for x in line.split()] for line in open(path, encoding="utf-8") if re.fullmatch(r"[\d. ]+", line.strip())]
    return sum(line[0] for line in lines), sum(line[1] + line[2] for line in lines)


def quotient(a, b):
    return a / b if a is not None and b else None


def evaluation(folder, row, seed):
    """All metrics of one training; what is no number counts as the worst. None if it is not there."""
    path = folder / row / f"{seed}.json"
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    found["ratio"] = quotient(found.get("mse_smoothed"), found.get("mse_filtered"))
    found["ratio_11"] = quotient(found.get("mse_smoothed_first_11"), found.get("mse_filtered"))
    found["to_floor"] = quotient(found.get("mse_smoothed"), found.get("mse_floor"))
    found |= {name: found.get(key) for name, key in REACHER_STATES.items()}
    if row.startswith("angle-"):
        found["r2_angle1"] = found.get("r2_unwrapped")
    found["seconds"], found["cpu_seconds"] = read_times(path.with_suffix(".time"))
    return {m: found[m] if found.get(m) is not None else -math.inf if high else math.inf for m, (_, high) in METRICS.items()}


def quartiles(values):
    """Lower quartile, median, upper quartile."""
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3


def number(metric, value):
    if not math.isfinite(value):
        return "none"
    if metric.startswith("mse"):
        return f"{value:.2e}".replace("e-0", "e-")
    return f"{value:.3f}" if metric.startswith("r2") else f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


def print_aligned(lines):
    """Lines of cells as a Markdown table; the first is the head."""
    lines = list(lines)
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
