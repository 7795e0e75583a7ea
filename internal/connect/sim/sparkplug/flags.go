package sparkplug

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"jingwei/internal/plant/template"
)

// defaultDevices are simulated where the command line names none.
var defaultDevices = []string{"Mill5=cnc-mill-sparkplug@300", "Mill6=cnc-mill-sparkplug@1100"}

// PasswordVariable is the environment variable that holds the password, so that it stands in no list of processes.
const PasswordVariable = "JINGWEI_SIM_PASSWORD"

// Flags adds the simulator's flags to a command. The function that it returns makes the options of them, once they are
// parsed; find returns the template with an identifier, or nil.
func Flags(fs *pflag.FlagSet) func(find func(id string) *template.Template) (Options, error) {
	var o Options
	f := &o.Faults
	devices := fs.StringArray("device", defaultDevices, "a device: NAME=TEMPLATE[@ROW][*SPEED]; may be given many times")
	dir := fs.String("data", "", "folder of recordings, one folder for each (default: those that ship with the product)")
	epoch := fs.String("epoch", "", "RFC 3339 time at which row 0 was shown first (default 2026-01-01T00:00:00Z)")
	ca := fs.String("ca", "", "file of the authority (PEM) that the broker's certificate must come from (default: those of the system)")
	cert := fs.String("cert", "", "file of a client certificate (PEM)")
	key := fs.String("key", "", "file of its key (PEM)")
	fs.StringVar(&o.URL, "broker", "mqtt://127.0.0.1:1883", "address of the broker, mqtt:// or mqtts://")
	fs.StringVar(&o.Username, "user", "", "user name: the identifier of a credential")
	fs.StringVar(&o.Password, "password", "", "its secret (default: environment variable "+PasswordVariable+")")
	fs.StringVar(&o.ClientID, "client-id", "", "MQTT client identifier (default GROUP-NODE)")
	fs.StringVar(&o.Group, "group", "Jingwei", "group identifier")
	fs.StringVar(&o.Node, "node", "Line2", "edge node identifier")
	fs.StringVar(&o.PrimaryHost, "primary-host", "", "host whose state must be online before anything is told (default: none is waited for)")
	fs.DurationVar(&o.Every, "every", 500*time.Millisecond, "time between two looks at the devices; what has changed is told")
	fs.StringVar(&o.Control, "control", "", "loopback address over which faults can be changed while it runs, like 127.0.0.1:1881")
	fs.Uint64Var(&o.Seed, "seed", 1, "seed of the faults")
	fs.Float64Var(&f.Drop, "drop", 0, "probability that a data message breaks the connection")
	fs.Float64Var(&f.Swallow, "swallow", 0, "probability that a data message is counted and not sent")
	fs.Float64Var(&f.Silent, "silent", 0, "probability that a new connection goes on without births")
	fs.Float64Var(&f.Replay, "replay", 0, "probability that a data message is followed by the births of before")
	return func(find func(string) *template.Template) (Options, error) {
		var errs []error
		for _, s := range *devices {
			d, err := ParseDevice(s, find)
			o.Devices, errs = append(o.Devices, d), append(errs, err)
		}
		if o.Password == "" {
			o.Password = os.Getenv(PasswordVariable)
		}
		if *dir != "" {
			o.Data = os.DirFS(*dir)
		}
		if *epoch != "" {
			t, err := time.Parse(time.RFC3339, *epoch)
			if err != nil {
				errs = append(errs, fmt.Errorf("epoch %q: write a time like 2026-01-01T00:00:00Z", *epoch))
			}
			o.Epoch = t
		}
		var err error
		o.TLS, err = tlsConfig(*ca, *cert, *key)
		return o, errors.Join(append(errs, err)...)
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
