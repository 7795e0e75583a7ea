package region

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"jingwei/internal/province"
)

// simulate starts the simulator of all machines, a unit each.
func (f *filler) simulate(ctx context.Context) (err error) {
	var devices []string
	for i := range f.Region.Enterprises {
		e := &f.Region.Enterprises[i]
		for j := range e.Machines {
			m := &e.Machines[j]
			if m.Template == "" {
				continue
			}
			unit := len(devices) + 1
			f.units[e.Firm+"/"+m.Key] = unit
			row, speed := f.start(e.Firm, m)
			device := fmt.Sprintf("%d=%s@%d", unit, m.Template, row)
			if speed != 0 {
				device += "*" + strconv.FormatFloat(speed, 'g', -1, 64)
			}
			devices = append(devices, device)
		}
	}
	f.address, err = f.Processes.Simulator(ctx, devices)
	return err
}

// live hands the machines to the enterprise's gateway and starts it.
func (f *filler) live(ctx context.Context, w *works) error {
	err := f.once("paced/"+w.Firm, func() error {
		return f.describe(ctx, w, f.Now(), func(id string) (time.Duration, time.Duration) {
			every := f.Region.Points[id].Every
			return every, 12 * every
		})
	})
	if err != nil {
		return err
	}
	gateway, err := f.make("gateway/"+w.Firm, func() (m made, err error) {
		var sites []made
		if sites, err = province.All[made](ctx, w.Client.get, "/plant/nodes?kind=site&org="+w.org); err != nil {
			return m, err
		}
		if len(sites) == 0 {
			return m, errors.New("there is no site")
		}
		return m, w.post(ctx, "/gateways", object{"org": w.org, "name": object{"zh": w.Site.Zh + "网关", "en": w.Site.En + " gateway"}, "site": sites[0].ID}, &m)
	})
	if err != nil {
		return err
	}
	config := object{"origin": "replayed", "address": f.address}
	fresh := f.Kept.Get("link/"+w.Firm) == ""
	link, err := f.make("link/"+w.Firm, func() (m made, err error) {
		return m, w.post(ctx, "/gateways/"+gateway+"/links", object{"driver": "modbus", "name": object{"zh": "车间 Modbus", "en": "Shop Modbus"}, "config": config}, &m)
	})
	if err != nil {
		return err
	}
	if !fresh {
		if err := w.do(ctx, http.MethodPatch, "/links/"+link, object{"config": config}, nil); err != nil {
			return err
		}
	}
	err = f.once("connected/"+w.Firm, func() error {
		for _, m := range w.machines {
			if m.Template == "" {
				continue
			}
			unit := strconv.Itoa(f.units[w.Firm+"/"+m.Key])
			if err := w.do(ctx, http.MethodPut, "/plant/machines/"+m.id+"/connection", object{"link": link, "unit": unit}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	code, err := f.enrolment(ctx, w, gateway)
	if err != nil {
		return err
	}
	return f.Processes.Gateway(ctx, w.Firm, w.node, code)
}

// enrolment is a code for a gateway that has not enrolled; "" for one that has.
func (f *filler) enrolment(ctx context.Context, w *works, gateway string) (string, error) {
	var now struct {
		Enrolled *time.Time `json:"enrolled"`
	}
	if err := w.get(ctx, "/gateways/"+gateway, &now); err != nil || now.Enrolled != nil {
		return "", err
	}
	var made struct {
		Code string `json:"code"`
	}
	return made.Code, w.post(ctx, "/gateways/"+gateway+"/code", nil, &made)
}
