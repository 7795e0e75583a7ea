package opcua

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/opcua/channel"
	"jingwei/internal/kernel/file"
)

func asField(err error, to **driver.FieldError) bool { return errors.As(err, to) }

func TestWrongLinksNameTheField(t *testing.T) {
	id, err := own()
	if err != nil {
		t.Fatal(err)
	}
	quoted, _ := json.Marshal(string(id.PEM()))
	for link, field := range map[string]string{
		``: "config", `{`: "config", `{"endpoint":"h","speed":1}`: "config", `{}`: "endpoint", `{"endpoint":"http://h"}`: "endpoint", `{"endpoint":"opc.tcp://"}`: "endpoint",
		`{"endpoint":"opc.tcp://h:0"}`: "endpoint", `{"endpoint":"opc.tcp://u:p@h"}`: "endpoint", `{"endpoint":"h","security":"best"}`: "security",
		`{"endpoint":"h","mode":"None"}`: "mode", `{"endpoint":"h","security":"none","mode":"sign"}`: "mode", `{"endpoint":"h","signIn":"token"}`: "signIn",
		`{"endpoint":"h","signIn":"password"}`: "user", `{"endpoint":"h","user":"op"}`: "signIn", `{"endpoint":"h","serverFingerprint":"abc"}`: "serverFingerprint",
		`{"endpoint":"h","signIn":"certificate","certificate":"x"}`: "key", `{"endpoint":"h","signIn":"certificate","certificate":"x","key":"y"}`: "certificate",
		`{"endpoint":"h","key":"y"}`: "signIn", `{"endpoint":"h","collect":"push"}`: "collect", `{"endpoint":"h","publishingMs":10}`: "publishingMs",
		`{"endpoint":"h","maxNodesPerRead":20000}`: "maxNodesPerRead", `{"endpoint":"h","origin":"invented"}`: "origin",
		`{"endpoint":"h","signIn":"certificate","certificate":` + string(quoted) + `,"key":` + string(quoted) + `}`: "certificate",
	} {
		err := New(Options{}).CheckLink(json.RawMessage(link))
		var f *driver.FieldError
		if !asField(err, &f) || f.Field != field || f.Text.Zh == "" || f.Text.En == "" {
			t.Errorf("%s: %v, want a complaint about %s", link, err, field)
		}
	}
	if err := New(Options{}).CheckLink([]byte(`{"endpoint":"h","password":"geheim"}`)); strings.Contains(err.Error(), "geheim") {
		t.Errorf("%v tells the password", err)
	}
	for in, want := range map[string]string{"10.0.0.1": "opc.tcp://10.0.0.1:4840", "opc.tcp://plc:4841/UA/x": "opc.tcp://plc:4841/UA/x", "opc.tcp://[::1]:5": "opc.tcp://[::1]:5"} {
		if got := New(Options{}).Endpoint(json.RawMessage(`{"endpoint":"` + in + `"}`)); got != want {
			t.Errorf("%s leads to %q, want %q", in, got, want)
		}
	}
}

func TestSchemaListsEveryField(t *testing.T) {
	var s struct {
		Properties map[string]struct {
			Title, Description string
			Zh                 struct{ Title, Description string } `json:"x-zh"`
		}
		AdditionalProperties *bool
	}
	if err := json.Unmarshal(New(Options{}).Schema(), &s); err != nil || s.AdditionalProperties == nil || *s.AdditionalProperties {
		t.Fatal(err, "the schema lets unknown fields pass, the parser does not")
	}
	var fields []string
	for _, rt := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[driver.Common]()} {
		for i := range rt.NumField() {
			if tag, _, _ := strings.Cut(rt.Field(i).Tag.Get("json"), ","); tag != "" {
				fields = append(fields, tag)
				if p := s.Properties[tag]; p.Title == "" || p.Description == "" || p.Zh.Title == "" || p.Zh.Description == "" {
					t.Errorf("%q lacks a text", tag)
				}
			}
		}
	}
	if len(fields) != len(s.Properties) {
		t.Errorf("%d fields, %d properties", len(fields), len(s.Properties))
	}
	for _, secret := range New(Options{}).Secrets() {
		if !slices.Contains(fields, secret) {
			t.Errorf("%q is no field", secret)
		}
	}
}

func config(t *testing.T, more string) Config {
	t.Helper()
	c, err := ParseConfig(json.RawMessage(`{"endpoint":"opc.tcp://plc.example:4840"` + more + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// auto takes the strongest that is not out of date, and never nothing.
func TestChoiceOfTheEndpoint(t *testing.T) {
	e := func(policy string, mode ua.MessageSecurityMode) *ua.EndpointDescription {
		return &ua.EndpointDescription{SecurityPolicyURI: ua.SecurityPolicyURIPrefix + policy, SecurityMode: mode, EndpointURL: "opc.tcp://elsewhere:1/path"}
	}
	none, old := e("None", ua.MessageSecurityModeNone), e("Basic256", ua.MessageSecurityModeSignAndEncrypt)
	signed, good := e("Aes256_Sha256_RsaPss", ua.MessageSecurityModeSign), e("Basic256Sha256", ua.MessageSecurityModeSignAndEncrypt)
	best := e("Aes256_Sha256_RsaPss", ua.MessageSecurityModeSignAndEncrypt)
	strange := e("ECC_nistP256", ua.MessageSecurityModeSignAndEncrypt)
	web := e("Basic256Sha256", ua.MessageSecurityModeSignAndEncrypt)
	web.TransportProfileURI = "http://opcfoundation.org/UA-Profile/Transport/https-uabinary"
	for _, c := range []struct {
		more string
		list []*ua.EndpointDescription
		want *ua.EndpointDescription
	}{
		{"", []*ua.EndpointDescription{none, nil, old, signed, good, best, strange}, best}, {"", []*ua.EndpointDescription{none, signed, good}, good},
		{"", []*ua.EndpointDescription{none, signed}, signed}, {"", []*ua.EndpointDescription{none, old, strange, web}, nil}, {"", nil, nil},
		{`,"security":"none"`, []*ua.EndpointDescription{best, none}, none}, {`,"security":"none"`, []*ua.EndpointDescription{best}, nil},
		{`,"security":"Basic256"`, []*ua.EndpointDescription{best, old}, old}, {`,"mode":"sign"`, []*ua.EndpointDescription{best, signed}, signed},
		{`,"mode":"signAndEncrypt"`, []*ua.EndpointDescription{signed}, nil},
	} {
		c1 := config(t, c.more)
		got, err := c1.choose(c.list)
		if got != c.want || (err == nil) != (c.want != nil) {
			t.Errorf("%s: %v, %v", c.more, got, err)
		}
	}
	c := config(t, "")
	if got := c.endpointURL(best); got != "opc.tcp://plc.example:4840/path" {
		t.Errorf("the server's own host name is used: %s", got)
	}
}

func TestPasswordsAreNotReadableOnTheLine(t *testing.T) {
	e := func(mode ua.MessageSecurityMode, policy, user string) *ua.EndpointDescription {
		return &ua.EndpointDescription{SecurityMode: mode, SecurityPolicyURI: policy, UserIdentityTokens: []*ua.UserTokenPolicy{{PolicyID: "u", TokenType: ua.UserTokenTypeUserName, SecurityPolicyURI: user}}}
	}
	c := config(t, `,"signIn":"password","user":"op","password":"x"`)
	for _, x := range []struct {
		e  *ua.EndpointDescription
		ok bool
	}{
		{e(ua.MessageSecurityModeNone, ua.SecurityPolicyURINone, ""), false}, {e(ua.MessageSecurityModeNone, ua.SecurityPolicyURINone, ua.SecurityPolicyURIBasic256Sha256), true},
		{e(ua.MessageSecurityModeSign, ua.SecurityPolicyURIBasic256Sha256, ua.SecurityPolicyURINone), false},
		{e(ua.MessageSecurityModeSignAndEncrypt, ua.SecurityPolicyURIBasic256Sha256, ua.SecurityPolicyURINone), true}, {e(ua.MessageSecurityModeSign, ua.SecurityPolicyURIBasic256Sha256, ""), true},
	} {
		_, err := c.userPolicy(x.e)
		if f := driver.Explain(err); (err == nil) != x.ok || err != nil && f.Code != CodePlain {
			t.Errorf("%v %s: %v", x.e.SecurityMode, x.e.UserIdentityTokens[0].SecurityPolicyURI, err)
		}
	}
	c = config(t, `,"signIn":"password","user":"op","password":"x","plainPassword":true`)
	if _, err := c.userPolicy(e(ua.MessageSecurityModeNone, ua.SecurityPolicyURINone, "")); err != nil {
		t.Error(err)
	}
	if _, err := c.userPolicy(&ua.EndpointDescription{}); driver.Explain(err).Code != CodeSignIn {
		t.Errorf("%v", err)
	}
}

func TestAdviceOnCertificates(t *testing.T) {
	id, err := own()
	if err != nil {
		t.Fatal(err)
	}
	leaf, _, err := channel.Leaf(id.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	c := config(t, "")
	if got := c.advice(leaf, time.Now()); got != "otherHost" {
		t.Errorf("%q", got)
	}
	c, err = ParseConfig(json.RawMessage(`{"endpoint":"opc.tcp://gateway.test"}`))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]string{time.Now(): "", leaf.NotAfter.Add(time.Hour): "expired", leaf.NotBefore.Add(-time.Hour): "notYetValid"} {
		if got := c.advice(leaf, at); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
	err = c.trust(id.Certificate, leaf.NotAfter.Add(time.Hour))
	if f := driver.Explain(err); f.Code != CodeUntrusted || f.Attr["advice"] != "expired" || f.Attr["fingerprint"] != id.Fingerprint() {
		t.Errorf("%+v", f)
	}
	// What a person approved is trusted, whatever its dates: a server's certificate must not stop a plant at midnight.
	c.fingerprint = id.Fingerprint()
	if err := c.trust(id.Certificate, leaf.NotAfter.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if err := c.trust([]byte("no certificate"), time.Now()); driver.Explain(err).Code != CodeNoPolicy {
		t.Errorf("%v", err)
	}
}

func TestIdentityIsMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gateway")
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	first, err := LoadIdentity(file.OS(), dir, "edge-1", now)
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadIdentity(file.OS(), dir, "renamed", now.AddDate(1, 0, 0))
	if err != nil || second.Fingerprint() != first.Fingerprint() || second.URI != first.URI || !second.Key.Equal(first.Key) {
		t.Fatalf("%v", err)
	}
	info, err := os.Stat(filepath.Join(dir, identityFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	c, _, err := channel.Leaf(first.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	usage := x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment | x509.KeyUsageCertSign
	if len(c.URIs) != 1 || c.URIs[0].String() != first.URI || !strings.HasPrefix(first.URI, "urn:edge-1:jingwei:gateway:") || c.KeyUsage != usage || first.Key.N.BitLen() != 2048 || c.DNSNames[0] != "edge-1" {
		t.Errorf("%v %v %v", c.URIs, c.KeyUsage, c.DNSNames)
	}
	get := KeptIdentity(file.OS(), dir, "edge-1", time.Now)
	third, err := get()
	if again, _ := get(); err != nil || third.Fingerprint() != first.Fingerprint() || again != third {
		t.Errorf("%v", err)
	}
	// A spoilt file is told, never replaced: servers trust what was in it.
	if err := os.WriteFile(filepath.Join(dir, identityFile), []byte("spoilt"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadIdentity(file.OS(), dir, "edge-1", now); err == nil || !strings.Contains(err.Error(), "restore") {
		t.Errorf("%v", err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, identityFile)); string(b) != "spoilt" {
		t.Error("the spoilt file was replaced")
	}
}

func TestPlan(t *testing.T) {
	points := make([]driver.Point, 130)
	for i := range points {
		points[i] = driver.Point{ID: uint32(i), Address: "i=1"}
	}
	points[7].Address = "wrong"
	plan, err := New(Options{}).PlanFor([]byte(`{"endpoint":"h","maxItemsPerCall":60}`), points)
	if err != nil || len(plan) != 3 || plan[0].Summary != "subscribe to 60 nodes" || len(plan[2].Points) != 9 || slices.Contains(plan[0].Points, 7) {
		t.Errorf("%+v %v", plan, err)
	}
	if plan, err = New(Options{}).PlanFor([]byte(`{"endpoint":"h","collect":"poll"}`), points); err != nil || len(plan) != 2 || plan[0].Summary != "read 100 nodes" {
		t.Errorf("%+v %v", plan, err)
	}
}

func TestStatusNames(t *testing.T) {
	for s, want := range map[ua.StatusCode]string{ua.StatusBadNodeIDUnknown: "BadNodeIdUnknown", ua.StatusBadServerURIInvalid: "BadServerUriInvalid", 0x87654321: "0x87654321"} {
		if got := StatusName(s); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
