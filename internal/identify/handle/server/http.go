package server

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"jingwei/internal/identify/handle"
)

// MessageType is the media type of a message in HTTP.
const MessageType = "application/x-hdl-message"

// Tunnel is the handler of messages in HTTP: POST with a message as the body, which is answered by one or more messages.
func (d *Desk) Tunnel() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "a handle message is POSTed", http.StatusMethodNotAllowed)
			return
		}
		if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != MessageType {
			http.Error(w, "the content type of a handle message is "+MessageType, http.StatusUnsupportedMediaType)
			return
		}
		w.Header().Set("Content-Type", MessageType)
		packet, e, err := readMessage(r.Body, nil)
		var m handle.Message
		if err == nil {
			m, err = handle.DecodeMessage(e, packet[handle.EnvelopeSize:])
		}
		switch {
		case errors.Is(err, handle.ErrMalformed):
			w.Write(d.refusal(handle.Message{Envelope: e}, handle.ProtocolError, err.Error()))
			return
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			http.Error(w, "the message is cut", http.StatusBadRequest)
			return
		case err != nil:
			return
		}
		first := true
		d.Answer(r.Context(), m, func(message []byte) error {
			if first && message[handle.EnvelopeSize+8]&byte(handle.FlagContinuous>>24) == 0 {
				w.Header().Set("Content-Length", strconv.Itoa(len(message)))
			} else if first { // CNRI's client reads no chunks: the end of the connection is the end of a long list
				w.Header().Set("Transfer-Encoding", "identity")
			}
			first = false
			_, err := w.Write(message)
			return err
		})
	})
}
