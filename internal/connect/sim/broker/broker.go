// Package broker is the way of simulated devices to an MQTT broker: its address, what it is told and shown to let them in,
// and connections that are made again when they end.
package broker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/spf13/pflag"

	"jingwei/internal/connect/sim/control"
)

// Access is where a broker is and how it lets a client in.
type Access struct {
	URL      string // mqtt://host:1883 or mqtts://host:8883
	Username string
	Password string
	TLS      *tls.Config // for mqtts
}

// PasswordVariable is the environment variable that holds the password, so that it stands in no list of processes.
const PasswordVariable = "JINGWEI_SIM_PASSWORD"

// Flags adds --broker, --user, --password, --ca, --cert and --key to a command. The function that it returns completes the
// access with the password of the environment and the files, once the flags are parsed.
func (a *Access) Flags(fs *pflag.FlagSet) (complete func() error) {
	ca := fs.String("ca", "", "file of the authority (PEM) that the broker's certificate must come from (default: those of the system)")
	cert := fs.String("cert", "", "file of a client certificate (PEM)")
	key := fs.String("key", "", "file of its key (PEM)")
	fs.StringVar(&a.URL, "broker", "mqtt://127.0.0.1:1883", "address of the broker, mqtt:// or mqtts://")
	fs.StringVar(&a.Username, "user", "", "user name: the identifier of a credential")
	fs.StringVar(&a.Password, "password", "", "its secret (default: environment variable "+PasswordVariable+")")
	return func() (err error) {
		if a.Password == "" {
			a.Password = os.Getenv(PasswordVariable)
		}
		a.TLS, err = tlsConfig(*ca, *cert, *key)
		return err
	}
}

func tlsConfig(ca, cert, key string) (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		b, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("authority: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("authority: %s holds no certificate in PEM", ca)
		}
	}
	if cert != "" || key != "" {
		c, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		out.Certificates = []tls.Certificate{c}
	}
	return out, nil
}

// Address reads the URL.
func (a *Access) Address() (*url.URL, error) {
	u, err := url.Parse(a.URL)
	if err != nil || u.Host == "" || u.Scheme != "mqtt" && u.Scheme != "mqtts" {
		return nil, fmt.Errorf("address %q: write it like mqtt://127.0.0.1:1883 or mqtts://host:8883", a.URL)
	}
	return u, nil
}

// Session makes the options of one clean session, which paho neither tries again nor takes up again: Keep does. Dialling
// ends with ctx, and takes no longer than limit, nor does writing. tap stands between TCP and TLS, so that a fault can
// break the connection below MQTT. lost is told when the session ends on the other side; it needs room for one.
func (a *Access) Session(ctx context.Context, clientID string, limit time.Duration, tap func(net.Conn) net.Conn, lost chan<- error) *paho.ClientOptions {
	return paho.NewClientOptions().AddBroker(a.URL).SetClientID(clientID).SetUsername(a.Username).SetPassword(a.Password).
		SetCleanSession(true).SetProtocolVersion(4).SetKeepAlive(15 * time.Second).SetConnectTimeout(limit).SetWriteTimeout(limit).
		SetAutoReconnect(false).SetConnectRetry(false).
		SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err }).
		SetCustomOpenConnectionFn(func(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			return a.dial(ctx, u, tap)
		})
}

func (a *Access) dial(ctx context.Context, u *url.URL, tap func(net.Conn) net.Conn) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"mqtt": "1883", "mqtts": "8883"}[u.Scheme]
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, err
	}
	raw = tap(raw)
	if u.Scheme == "mqtt" {
		return raw, nil
	}
	config := a.TLS.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = u.Hostname()
	}
	c := tls.Client(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return c, nil
}

// Keep connects again and again until ctx ends. The pause between is least after a connection that stood, and doubles up
// to most after those that did not. ended is told why one ended, and the pause.
func Keep(ctx context.Context, least, most time.Duration, connect func(context.Context) (stood bool, err error), ended func(err error, pause time.Duration)) {
	for pause := least; ctx.Err() == nil; pause = min(2*pause, most) {
		stood, err := connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if stood {
			pause = least
		}
		ended(err, pause)
		if !control.Pause(ctx, pause) {
			return
		}
	}
}
