"""The manifests for clusters: not run, but checked for what they should contain."""

import programs
import pytest

yaml = pytest.importorskip("yaml", reason="needs PyYAML (comes with extra kserve)")

EXAMPLES = programs.ROOT / "examples"


def test_the_service_leads_to_the_ports_of_the_deployment():
    text = (EXAMPLES / "kubernetes" / "rankiqa.yaml").read_text()
    deployment, service = yaml.safe_load_all(text)
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    assert deployment["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
    assert service["spec"]["selector"] == pod["metadata"]["labels"]
    # TensorFlow Serving's own ports.
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    assert {each["targetPort"] for each in service["spec"]["ports"]} == set(ports)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        get = container[probe]["httpGet"]
        assert (get["path"], get["port"]) == ("/v1/models/rankiqa", "rest")


def test_the_inference_service_starts_the_sample():
    folder = EXAMPLES / "kserve"
    service = yaml.safe_load((folder / "inferenceservice.yaml").read_text())
    (container,) = service["spec"]["predictor"]["containers"]
    assert service["kind"] == "InferenceService"
    assert (folder / container["command"][-1]).is_file()
    program = (folder / "model.py").read_text()
    known = {"--http_port", "--model_name"}  # KServe's own.
    for argument in container["args"]:
        flag = argument.partition("=")[0]
        assert flag in known or f'"{flag}"' in program
