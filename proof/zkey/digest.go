package zkey

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/scrutin/scrutin/proof"
)

// sums is what sha256sum prints for the artifacts.
//
//go:embed SHA256SUMS
var sums string

// Digest returns the SHA-256 of semaphore-N.zkey, N the depth from 1 to [proof.MaxSemaphoreDepth], by which a
// manifest names the proving key. The error is [proof.ErrMalformed] for another depth.
func Digest(depth int) ([sha256.Size]byte, error) { return published(zkeyName(depth)) }

func zkeyName(depth int) string { return fmt.Sprintf("semaphore-%d.zkey", depth) }
func wasmName(depth int) string { return fmt.Sprintf("semaphore-%d.wasm", depth) }

func published(name string) (digest [sha256.Size]byte, err error) {
	for line := range strings.Lines(sums) {
		if sum, ok := strings.CutSuffix(line, "  "+name+"\n"); ok {
			_, err := hex.Decode(digest[:], []byte(sum))
			return digest, err
		}
	}
	return digest, fmt.Errorf("%w: zkey: no artifact %s, there are those of depth 1 to %d", proof.ErrMalformed, name, proof.MaxSemaphoreDepth)
}
