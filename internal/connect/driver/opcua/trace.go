package opcua

import (
	"errors"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver/opcua/channel"
)

func asService(err error, to **channel.ServiceError) bool { return err != nil && errors.As(err, to) }

// describe is a request in one line, for the trace. Sign-ins are not detailed.
func describe(req ua.Request) string {
	name := channel.Service(req)
	switch r := req.(type) {
	case *ua.ReadRequest:
		return fmt.Sprintf("%s: %d nodes, from %v", name, len(r.NodesToRead), r.NodesToRead[0].NodeID)
	case *ua.CreateMonitoredItemsRequest:
		return fmt.Sprintf("%s: %d items, from %v", name, len(r.ItemsToCreate), r.ItemsToCreate[0].ItemToMonitor.NodeID)
	case *ua.CreateSubscriptionRequest:
		return fmt.Sprintf("%s: every %v ms", name, r.RequestedPublishingInterval)
	case *ua.BrowseRequest:
		return fmt.Sprintf("%s: %v", name, r.NodesToBrowse[0].NodeID)
	}
	return name
}

// outcome is an answer in one line.
func outcome(req ua.Request, r ua.Response) string {
	name := channel.Service(req)
	count := func(total, bad int) string {
		if bad == 0 {
			return fmt.Sprintf("%s: %d good", name, total)
		}
		return fmt.Sprintf("%s: %d good, %d not", name, total-bad, bad)
	}
	bad := 0
	switch r := r.(type) {
	case *ua.ReadResponse:
		for _, v := range r.Results {
			if v == nil || v.Status&0x80000000 != 0 {
				bad++
			}
		}
		return count(len(r.Results), bad)
	case *ua.CreateMonitoredItemsResponse:
		for _, v := range r.Results {
			if v == nil || v.StatusCode&0x80000000 != 0 {
				bad++
			}
		}
		return count(len(r.Results), bad)
	case *ua.CreateSubscriptionResponse:
		return fmt.Sprintf("%s: %d, every %v ms, a word every %d times", name, r.SubscriptionID, r.RevisedPublishingInterval, r.RevisedMaxKeepAliveCount)
	case *ua.GetEndpointsResponse:
		return fmt.Sprintf("%s: %d endpoints", name, len(r.Endpoints))
	case *ua.BrowseResponse:
		n := 0
		for _, v := range r.Results {
			if v != nil {
				n += len(v.References)
			}
		}
		return fmt.Sprintf("%s: %d references", name, n)
	}
	return name + ": good"
}
