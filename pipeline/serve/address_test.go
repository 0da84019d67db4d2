package serve

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// TestNoAddressIsRead sends addresses wherever a request has text. None may be called.
func TestNoAddressIsRead(t *testing.T) {
	var calls atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer other.Close()
	_, web := start(t, Options{})
	address := other.URL + "/a.jpg"
	for _, body := range []string{
		address,
		fmt.Sprintf(`{"images": [%q]}`, address),
		fmt.Sprintf(`{"images": [%q]}`, base64.StdEncoding.EncodeToString([]byte(address))),
		fmt.Sprintf(`{"images": [{"path": %q}], "path": %[1]q, "url": %[1]q}`, address),
	} {
		for _, kind := range []string{"application/json", "image/jpeg"} {
			if status, _, text := post(t, web.URL+"/v1/predict?model="+address, kind, []byte(body)); status < 400 {
				t.Errorf("%s: %d %s", body, status, text)
			}
			post(t, web.URL+"/v1/predict", kind, []byte(body))
		}
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("%d calls of another server", n)
	}
}
