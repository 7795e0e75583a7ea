package opcua

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"

	"jingwei/data"
	wire "jingwei/internal/connect/driver/opcua"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/peertest"
)

// npm's node-opcua as a client judges the simulator: protected session, password, renewal of keys, browse, read,
// subscription with messages in parts.
func TestNodeOPCUAReadsTheSimulator(t *testing.T) {
	t.Parallel()
	dir := peertest.Node(t, "node-opcua")
	began := time.Now()
	at := func() time.Time { return replay.DefaultEpoch.Add(10 * time.Hour).Add(5 * time.Since(began)) } // a row each 200 ms
	s := start(t, Options{User: "op", Password: "geheim", Source: replay.Source{Now: at}})
	o := fmt.Sprintf(`{"endpoint":%q,"pki":%q,"machine":"nsu=urn:jingwei:sim;s=Turbine1","user":"op","password":"geheim","lifetime":1500,"changes":12}`,
		s.endpoint, filepath.Join(os.TempDir(), "jingwei-test-opcua-client-pki"))
	cmd := exec.CommandContext(t.Context(), peertest.Require(t, "node"), filepath.Join(dir, "opcua-client.mjs"), o)
	cmd.Dir = dir
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, complaints.String())
	}
	var seen struct {
		Renewals, Bad int
		Changes       map[string]int
		Namespaces    []string
		Variables     []struct{ Name, ID string }
		Values        []struct {
			Value  float64
			Status uint32
			Time   time.Time
		}
		Unit, Nowhere string
	}
	line := string(out)[max(0, strings.Index(string(out), `{"renewals"`)):] // beside what node-opcua has to say
	line, _, _ = strings.Cut(line, "\n")
	if err := json.Unmarshal([]byte(line), &seen); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if fmt.Sprint(seen.Namespaces) != "[http://opcfoundation.org/UA/ urn:jingwei:sim:server urn:jingwei:sim]" || seen.Unit != "mbar" || seen.Nowhere != "BadNodeIdUnknown" ||
		len(seen.Changes) != 11 || seen.Bad != 0 || seen.Renewals == 0 {
		t.Errorf("%+v", seen)
	}
	table, err := data.Read(data.Files(), "gas_turbine_emissions")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range seen.Variables {
		got := seen.Values[i]
		row := int(got.Time.Sub(replay.DefaultEpoch)/time.Second) % len(table.Rows)
		if want := table.Rows[row][table.Column(v.Name)]; fmt.Sprint(got.Value) != want && fmt.Sprintf("%g", got.Value) != want || got.Status != 0 || v.ID != "ns=2;s=Turbine1."+v.Name {
			t.Errorf("%s: %+v, row %d of the recording has %s", v.Name, got, row, want)
		}
	}
	if len(seen.Variables) != 11 {
		t.Errorf("%d variables", len(seen.Variables))
	}
}

// gopcua's own client speaks to the simulator with a key of 3,072 bits, and to one with such a key: then a chunk's
// padding has two size bytes.
func TestLongKeys(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	uri, _ := url.Parse("urn:test:long")
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), URIs: []*url.URL{uri}}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	long := &wire.Identity{Certificate: cert, Key: key, URI: uri.String()}
	short := must(own())
	for _, p := range []struct{ client, server *wire.Identity }{{long, must(servers())}, {short, long}, {long, long}} {
		s := start(t, Options{Identity: p.server})
		for _, policy := range []string{"Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"} {
			list, err := opcua.GetEndpoints(t.Context(), s.endpoint)
			if err != nil {
				t.Fatal(err)
			}
			e, err := opcua.SelectEndpoint(list, policy, ua.MessageSecurityModeSignAndEncrypt)
			if err != nil {
				t.Fatal(err)
			}
			client, err := opcua.NewClient(s.endpoint, opcua.AutoReconnect(false), opcua.Certificate(p.client.Certificate), opcua.PrivateKey(p.client.Key),
				opcua.SecurityFromEndpoint(e, ua.UserTokenTypeAnonymous))
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Connect(t.Context()); err != nil {
				t.Fatalf("%s: %v", policy, err)
			}
			v, err := client.Node(ua.NewStringNodeID(2, "Turbine1.TIT")).Value(t.Context())
			if err != nil || v == nil || v.Float() < 900 {
				t.Errorf("%s: %v %v", policy, v, err)
			}
			client.Close(t.Context())
		}
	}
}
