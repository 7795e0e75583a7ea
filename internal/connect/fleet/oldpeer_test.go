package fleet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
)

// TestAnOldGatewayIsToldToBeUpdated speaks as a gateway of the release before: it does not name the feature, and to
// whatever control message it does not know it answers UNKNOWN.
func TestAnOldGatewayIsToldToBeUpdated(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m := startMeter(t)
	g, l, _, series, code := n.setUp(m, 1, 20*time.Millisecond)
	dir := t.TempDir()
	stop := startGateway(t, dir, code)
	proof.Wait(t, "values arrive", func() bool { return len(good(n.samples(series[0]))) > 0 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	proof.Wait(t, "it has gone", func() bool { return n.fleet.listener.Session(g.ID) == nil })
	for what, features := range map[string][]string{"it does not name the feature": {federate.FeatureZstd}, "it answers that it does not know": {federate.FeatureZstd, federate.FeatureAsk}} {
		ctx, cancel := context.WithCancel(context.Background())
		var done sync.WaitGroup
		packer := proof.Must(federate.NewPacker(1))
		d := &federate.Dialer{Address: func() string { return n.link }, TLS: func() (*tls.Config, error) { return oldTLS(dir) },
			Hello:   federate.Hello{ID: g.ID, Instance: uuid.New(), Software: "jingwei of old", Features: features},
			MinWait: time.Millisecond, MaxWait: time.Millisecond, Now: time.Now, Rand: func() float64 { return 0 }, Logger: n.logger(),
			Serve: func(ctx context.Context, c *federate.Conn) error {
				desk, err := federate.OpenDesk(ctx, c, packer, []byte(`{}`))
				if err != nil {
					return err
				}
				for {
					m, err := desk.Receive(ctx)
					if err != nil {
						return err
					}
					if m.Kind > federate.MessageUnknown {
						if _, err := desk.Send(ctx, federate.Control{Kind: federate.MessageUnknown, ID: m.ID}); err != nil {
							return err
						}
					}
				}
			}}
		done.Go(func() { d.Run(ctx) })
		proof.Wait(t, "the old gateway is linked", func() bool {
			_, err := n.fleet.ask(context.Background(), g.ID, &document.Ask{Verb: document.Plan, Link: l.ID})
			return !errors.Is(err, ErrOffline)
		})
		status, _, body := n.call("engineer@a", "GET", "/links/"+l.ID.String()+"/plan", nil, http.Header{})
		if status != 409 || body["code"] != "gateway-outdated" || !strings.Contains(body["mend"].(string), "Update the gateway") {
			t.Errorf("%s: %d %v", what, status, body)
		}
		cancel()
		done.Wait()
		proof.Wait(t, "it has gone", func() bool { return n.fleet.listener.Session(g.ID) == nil })
	}
}

// oldTLS is a gateway's identity as its data folder holds it.
func oldTLS(dir string) (*tls.Config, error) {
	var id struct{ Key, Certificate, Authority string }
	if err := json.Unmarshal(proof.Must(os.ReadFile(filepath.Join(dir, "identity.json"))), &id); err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair([]byte(id.Certificate), []byte(id.Key))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(id.Authority))
	return &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13, NextProtos: []string{federate.ALPN}}, err
}
