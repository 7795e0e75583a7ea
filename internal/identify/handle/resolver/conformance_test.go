//go:build conformance

package resolver_test

import (
	"encoding/hex"
	"os"
	"os/exec"
	"strings"
	"testing"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/identify/handle/server"
)

// TestConformanceCNRIFollowsTheLevels lets CNRI's client, which knows the top alone, find what the secondary and the enterprise
// node serve. It looks for the handles of prefixes, as it does in the world; so the secondary holds that of the enterprise.
func TestConformanceCNRIFollowsTheLevels(t *testing.T) {
	classes := os.Getenv("JINGWEI_CNRI")
	if classes == "" {
		t.Skip("JINGWEI_CNRI is not set: scripts/cnri.sh fetches CNRI's client where Maven Central can be reached")
	}
	for how, refer := range map[string]func(l levels, site, derived handle.Value){
		"a handle that holds HS_SITE.PREFIX": func(l levels, site, derived handle.Value) { l.topShelf.Put("0.SERV/88.101", site, derived) },
		"a handle that names HS_SERV.PREFIX": func(l levels, site, derived handle.Value) {
			l.topShelf.Put("0.SERV/88.101", site, handletest.Text(3, handle.TypeServicePrefix, "0.SERV/derived"))
			l.topShelf.Put("0.SERV/derived", derived)
		},
		"sites": func(l levels, site, derived handle.Value) {
			l.topShelf.Refer("88.101", server.ReferAuthority, "", site)
		},
		"sites of derived prefixes": func(l levels, site, derived handle.Value) {
			l.topShelf.Refer("88.101", server.ReferAuthority, "", derived)
		},
	} {
		t.Run(how, func(t *testing.T) { followLevels(t, classes, refer) })
	}
}

func followLevels(t *testing.T, classes string, refer func(l levels, site, derived handle.Value)) {
	l := startLevels(t)
	derived := siteValue(2, l.secondary.Site(1))
	derived.Type = handle.TypeSitePrefix
	refer(l, siteValue(1, l.secondary.Site(1)), derived)
	l.secondaryShelf.Put("0.NA/88.101.5", siteValue(1, l.enterprise.Site(1)))
	l.enterpriseShelf.Put("88.101.5/old", handletest.Text(1, handle.TypeAlias, "88.101.5/泵-17"))
	args := []string{"-cp", classes, "testdata/Chain.java", hex.EncodeToString(handle.AppendSite(nil, l.top.Site(1))),
		"88.101/batch", "https://example.org/batch", "88.101.5/泵-17", "https://example.org/17", "88.101.5/none", "!100", "88.101/none", "!100"}
	cmd := exec.CommandContext(t.Context(), "java", args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("java: %v", err)
	}
	passed := 0
	for line := range strings.Lines(string(out)) {
		switch {
		case strings.HasPrefix(line, "PASS"):
			passed++
		case strings.HasPrefix(line, "FAIL"):
			t.Error(strings.TrimSpace(line))
		}
	}
	t.Logf("%d steps of CNRI's client passed", passed)
	if !strings.Contains(string(out), "END") {
		t.Errorf("the client did not come to its end:\n%s", out)
	}
}
