package opcua

import (
	"context"
	"fmt"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
)

// check looks whether the server is still there and sends the next ping. Pings find a dead connection and a stalled
// server; keep-alives find a subscription that the server has forgotten while it goes on answering.
func (w *watch) check() error {
	now := time.Now()
	if !w.pinged.IsZero() {
		if now.Sub(w.pinged) > w.c.requestTimeout() {
			return silent(now.Sub(w.pinged))
		}
		return nil
	}
	if quiet := now.Sub(w.last); quiet > 3*w.keep+w.c.requestTimeout() {
		return silent(quiet)
	}
	w.pinged = now
	return w.client.Send(&ua.ReadRequest{TimestampsToReturn: ua.TimestampsToReturnNeither, NodesToRead: []*ua.ReadValueID{
		{NodeID: ua.NewNumericNodeID(0, id.Server_ServerStatus_State), AttributeID: ua.AttributeIDValue, DataEncoding: &ua.QualifiedName{}}}},
		w.c.requestTimeout(), func(r ua.Response, err error) {
			if err == nil {
				w.heard(r.Header().Timestamp)
			}
			w.pong <- err
		})
}

func silent(d time.Duration) error {
	d = d.Round(100 * time.Millisecond)
	return &driver.Fault{Code: driver.CodeSilent, Text: driver.Text{
		Zh: fmt.Sprintf("服务器 %v 没有回应，连接已放弃", d), En: fmt.Sprintf("the server has said nothing for %v; the connection was given up", d)}}
}

// alive handles the answer to a ping.
func (w *watch) alive(ctx context.Context, err error) error {
	w.pinged = time.Time{}
	if err != nil {
		return err
	}
	w.samples = w.samples[:0]
	return w.deliver(ctx)
}

// sameNamespaces ends the session when an index no longer means what it meant.
func (w *watch) sameNamespaces(ctx context.Context) error {
	got, err := w.read(ctx, []*ua.ReadValueID{{NodeID: ua.NewNumericNodeID(0, id.Server_NamespaceArray), AttributeID: ua.AttributeIDValue,
		DataEncoding: &ua.QualifiedName{}}}, ua.TimestampsToReturnNeither)
	if err != nil {
		return err
	}
	now, _ := valueOf(got[0]).([]string)
	same := len(now) >= len(w.namespaces)
	for i := 0; same && i < len(w.namespaces); i++ {
		same = now[i] == w.namespaces[i]
	}
	if same && len(now) == len(w.namespaces) {
		return nil
	}
	return &driver.Fault{Code: CodeNamespaces, Text: driver.Text{
		Zh: "服务器的命名空间有变化，将重新连接", En: "the server's namespaces have changed; the link is opened again"}}
}
