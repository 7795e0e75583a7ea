//go:build conformance

package twin_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"jingwei/internal/identify/twin"
	"jingwei/internal/kernel/store/storetest"
)

// python is an interpreter with PyPI aas_test_engines 1.0.2: JINGWEI_AAS_PYTHON, or python3.
func python(t *testing.T) string {
	t.Helper()
	p := os.Getenv("JINGWEI_AAS_PYTHON")
	if p == "" {
		p = "python3"
	}
	if out, err := exec.Command(p, "-c", "import aas_test_engines").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: %s has no aas_test_engines: %s", p, out)
	}
	return p
}

// everything fills a house with what the judge looks for: a shell with a thumbnail and a submodel with an element of each kind
// before the plant's own, and more of each for pages.
func everything(t *testing.T, h *house) {
	t.Helper()
	all := string(read(t, "testdata/everything.json"))
	r := h.call("engineer@steel", "POST", "/packages?strict=true", all)
	if r.status != 201 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	png := "\x89PNG\r\n\x1a\n"
	r = h.at("engineer@steel", "PUT", twin.Prefix+steel.String()+twin.Suffix+"/shells/"+b64("urn:x:shell")+"/asset-information/thumbnail", png, map[string][]string{"Content-Type": {"image/png"}})
	if r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	r = h.at("engineer@steel", "PUT", twin.Prefix+steel.String()+twin.Suffix+"/submodels/"+b64("urn:x:all")+"/submodel-elements/File/attachment", "%PDF", map[string][]string{"Content-Type": {"application/pdf"}})
	if r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
}

func TestReferenceServerProfiles(t *testing.T) {
	p := python(t)
	h := open(t, storetest.SQLite(t))
	everything(t, h)
	for _, withPlant := range []bool{false, true} {
		if withPlant {
			h.send(h.mill("Mill"), 21.5)
		}
		for _, suite := range []string{"AssetAdministrationShellRepositoryServiceSpecification/SSP-002", "SubmodelRepositoryServiceSpecification/SSP-002"} {
			t.Run(fmt.Sprintf("%s, plant %v", strings.ReplaceAll(suite, "/", " "), withPlant), func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "judge.py")
				if err := os.WriteFile(file, []byte(judge), 0o600); err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(p, file, h.server.URL+twin.Prefix+steel.String()+twin.Suffix, suite, "Bearer viewer@steel")
				out, err := cmd.CombinedOutput()
				t.Logf("%s", out)
				if err != nil {
					t.Errorf("the judge finds faults: %v", err)
				}
			})
		}
	}
}

// judge runs a profile's tests and tells what failed. Three things of the judge 1.0.2 are set right: its command does not send the
// headers it is given; it looks for "Messages" in a Result, which IDTA-01002 spells "messages"; and it takes no scalar for JSON,
// which is what the value of a Property is.
const judge = `
import sys
import requests
from aas_test_engines import api, config, http
from aas_test_engines.result import Level
server, suite, token = sys.argv[1:4]
plain = requests.request
def signed(*args, **kwargs):
    kwargs["headers"] = dict(kwargs.get("headers") or {}, Authorization=token)
    answer = plain(*args, **kwargs)
    if answer.status_code >= 400:
        answer._content = answer.content.replace(b'{"messages":', b'{"Messages":', 1)
    return answer
requests.request = signed
from aas_test_engines.test_cases.v3_0.interfaces import submodel as elements
elements.extract_json = lambda response: response.json()
version = api.latest_version()
name = [s for s in api.supported_versions()[version] if suite in s][0]
result, matrix = api.execute_tests(http.HttpClient(host=server), config.CheckApiConfig(suite=name, version=version, dry=False))
bad = []
def walk(r, at):
    here = at + [r.message]
    if r.level in (Level.ERROR, Level.CRITICAL) and not any(s.level in (Level.ERROR, Level.CRITICAL) for s in r.sub_results):
        bad.append(here)
    for s in r.sub_results:
        walk(s, here)
walk(result, [])
def warn(r):
    return (1 if r.level == Level.WARNING and not r.sub_results else 0) + sum(warn(s) for s in r.sub_results)
print("negative", matrix.invalid_rejected, "of", matrix.invalid_rejected + matrix.invalid_accepted, "positive", matrix.valid_accepted, "of", matrix.valid_accepted + matrix.valid_rejected, "warnings", warn(result))
for b in bad:
    print("FAULT", " / ".join(x[:160] for x in b[1:]))
sys.exit(1 if bad else 0)
`
