package ingest

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// cursors of lists that are in memory: the last key, so that a page begins after it whatever came or went meanwhile.
func after(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) > 1000 {
		return "", store.ErrCursor
	}
	return string(b), nil
}

func next(last string, more bool) string {
	if !more {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(last))
}

func (s *Service) deviceRoutes(a *api.Server) {
	type devices struct {
		api.ByID
		api.Paging
	}
	api.Register(a, tag.Operation("GET", "listSourceDevices", "/sources/{id}/devices", "Devices that a source was heard of"),
		func(ctx context.Context, in *devices) (*api.List[DeviceView], error) {
			inlet, err := s.visible(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			from, err := after(in.Page().After)
			if err != nil {
				return nil, err
			}
			out, more := inlet.deviceViews(from, in.Page().Rows())
			last := ""
			if len(out) > 0 {
				last = out[len(out)-1].Device
			}
			return api.Listed(out, next(last, more)), nil
		})

	metrics := func(ctx context.Context, id uuid.UUID, device string, page store.Page) (*api.List[MetricView], error) {
		inlet, err := s.visible(ctx, id)
		if err != nil {
			return nil, err
		}
		from, err := after(page.After)
		if err != nil {
			return nil, err
		}
		inlet.mu.RLock()
		d := inlet.devices[device]
		inlet.mu.RUnlock()
		if d == nil {
			return nil, fmt.Errorf("device %s: %w", device, store.ErrNotFound)
		}
		out, more := inlet.metricViews(d, from, page.Rows())
		last := ""
		if len(out) > 0 {
			last = out[len(out)-1].Name
		}
		return api.Listed(out, next(last, more)), nil
	}
	type ofDevice struct {
		api.ByID
		Device string `path:"device" doc:"As /devices names it, percent-encoded"`
		api.Paging
	}
	api.Register(a, tag.Operation("GET", "listDeviceMetrics", "/sources/{id}/devices/{device}/metrics", "What a device of a source tells"),
		func(ctx context.Context, in *ofDevice) (*api.List[MetricView], error) {
			return metrics(ctx, in.ID, in.Device, in.Page())
		})
	type asked struct {
		api.ByID
		Device string `query:"device" required:"true" doc:"As /devices names it; for names such as . that no path can hold"`
		api.Paging
	}
	api.Register(a, tag.Operation("GET", "listSourceMetrics", "/sources/{id}/metrics", "What a device of a source tells, the device as a parameter"),
		func(ctx context.Context, in *asked) (*api.List[MetricView], error) {
			return metrics(ctx, in.ID, in.Device, in.Page())
		})

	type adopt struct {
		api.ByID
		Body struct {
			Device   string     `json:"device"`
			Machine  *uuid.UUID `json:"machine,omitempty" format:"uuid" doc:"An existing machine that the device is to feed, or"`
			Parent   *uuid.UUID `json:"parent,omitempty" format:"uuid" doc:"where a new machine is made"`
			Name     api.Name   `json:"name,omitempty" doc:"Of the new machine; without it the device's"`
			Template string     `json:"template,omitempty" doc:"Of the new machine; its points' addresses are the metrics' names"`
			Class    string     `json:"class,omitempty"`
			Metrics  []string   `json:"metrics,omitempty" maxItems:"5000" doc:"To become points; without them all that the device told, unless machine or template is given"`
		}
	}
	type adopted struct {
		Body struct {
			Machine uuid.UUID `json:"machine" format:"uuid"`
			Device  string    `json:"device"`
		}
	}
	api.Register(a, tag.Operation("POST", "adoptDevice", "/sources/{id}/adopt", "Let a device feed a machine, which is made if need be"),
		func(ctx context.Context, in *adopt) (*adopted, error) {
			machine, err := s.Adopt(ctx, in.ID, Adoption{Device: in.Body.Device, Machine: api.OrNil(in.Body.Machine), Parent: api.OrNil(in.Body.Parent), Name: text.Text(in.Body.Name),
				Template: in.Body.Template, Class: in.Body.Class, Metrics: in.Body.Metrics})
			if err != nil {
				return nil, err
			}
			out := &adopted{}
			out.Body.Machine, out.Body.Device = machine, in.Body.Device
			return out, nil
		})
}

// FeedView is what feeds a machine, as it is answered.
type FeedView struct {
	Machine uuid.UUID `json:"machine" format:"uuid"`
	Source  uuid.UUID `json:"source" format:"uuid"`
	Device  string    `json:"device"`
	From    time.Time `json:"from"`
}

func (f *Feed) view() FeedView {
	return FeedView{Machine: f.Machine, Source: f.Source, Device: f.Device, From: time.Unix(0, f.From).UTC()}
}

func (s *Service) feedRoutes(a *api.Server) {
	type out struct{ Body FeedView }
	const path = "/plant/machines/{id}/feed"
	api.Register(a, tag.Operation("GET", "getFeed", path, "Which device of which source feeds a machine"),
		func(ctx context.Context, in *api.ByID) (*out, error) {
			f, err := s.Feed(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &out{f.view()}, nil
		})
	type set struct {
		api.ByID
		Body struct {
			Source uuid.UUID `json:"source" format:"uuid"`
			Device string    `json:"device"`
		}
	}
	api.Register(a, tag.Operation("PUT", "setFeed", path, "Let a device of a source feed a machine, from now on"),
		func(ctx context.Context, in *set) (*out, error) {
			f, err := s.SetFeed(ctx, in.ID, in.Body.Source, in.Body.Device)
			if err != nil {
				return nil, err
			}
			return &out{f.view()}, nil
		})
	api.Register(a, tag.Operation("DELETE", "endFeed", path, "Feed a machine no more"),
		func(ctx context.Context, in *api.ByID) (*struct{}, error) {
			return nil, s.EndFeed(ctx, in.ID)
		})
}
