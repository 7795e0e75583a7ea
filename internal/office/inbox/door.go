package inbox

import (
	"crypto/x509"

	"jingwei/internal/kernel/outward"
)

// door is the way out of this room.
type door struct{ *outward.Door }

func newDoor(allow []string, roots *x509.CertPool) *door { return &door{outward.New(allow, roots)} }

// address checks where something is to be sent. The fault is empty where it is well.
func (d *door) address(s string) (host string, wrong fault) {
	host, f := d.Address(s)
	if f != nil {
		wrong = fault{f.Text.Zh, f.Text.En, f.Mend.Zh, f.Mend.En}
	}
	return host, wrong
}
