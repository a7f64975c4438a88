package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/streamfit/streamfit/pipeline"
)

// Access lets in who shows the token, or the user's name and password. Without either it lets everybody in. Only their hashes are kept.
type Access struct {
	token, user, password [sha256.Size]byte
	byToken, byUser       bool
}

// NewAccess reads the files that the settings name.
func NewAccess(s pipeline.HTTPAccess) (a Access, err error) {
	token, err := secret("http_access.token_file", s.Token, s.TokenFile)
	if err != nil {
		return a, err
	}
	password, err := secret("http_access.password_file", s.Password, s.PasswordFile)
	if err != nil {
		return a, err
	}
	a.byToken, a.token = token != "", sha256.Sum256([]byte(token))
	a.byUser, a.user, a.password = s.Username != "", sha256.Sum256([]byte(s.Username)), sha256.Sum256([]byte(password))
	return a, nil
}

// secret as it is set, or the content of its file, whose last line end does not count. An empty file is no secret: it would let everybody in.
func secret(path, value, file string) (string, error) {
	if file == "" {
		return value, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if value = strings.TrimRight(string(content), "\r\n"); value == "" {
		return "", fmt.Errorf("%s: %w", path, errors.New("the file is empty"))
	}
	return value, nil
}

// Open tells whether everybody is let in.
func (a Access) Open() bool { return !a.byToken && !a.byUser }

// allows a request. All comparisons take the same time, whatever is wrong, and all of them are made.
func (a Access) allows(r *http.Request) bool {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	user, password, _ := r.BasicAuth()
	byToken := same(a.token, bearer)
	byUser := same(a.user, user) & same(a.password, password)
	return a.Open() || a.byToken && byToken == 1 || a.byUser && byUser == 1
}

func same(want [sha256.Size]byte, got string) int {
	sum := sha256.Sum256([]byte(got))
	return subtle.ConstantTimeCompare(want[:], sum[:])
}

// guard a page.
func (a Access) guard(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.allows(r) {
			if a.byUser {
				w.Header().Add("WWW-Authenticate", `Basic realm="streamfit"`)
			}
			if a.byToken {
				w.Header().Add("WWW-Authenticate", `Bearer realm="streamfit"`)
			}
			http.Error(w, "not without credentials", http.StatusUnauthorized)
			return
		}
		page.ServeHTTP(w, r)
	})
}
