package elgamal

import (
	"fmt"
	"maps"
	"slices"

	"go.dedis.ch/kyber/v3/share"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/kybergroup"
)

// Combine returns 8*m*G for each of the cofactored sums, given the shares of at least threshold
// trustees by index, the first trustee being 1. It uses the shares of the threshold lowest indices.
//
// The shares must be verified before, each under the verification key of its index: Combine cannot
// tell a wrong share, and with one the points it returns are meaningless.
func Combine(threshold int, shares map[int]*Share, sums []Ciphertext) ([]babyjub.Point, error) {
	if threshold < 1 {
		return nil, fmt.Errorf("%w threshold %d", ErrInvalid, threshold)
	}
	if len(sums) == 0 {
		return nil, fmt.Errorf("%w opening: there is no sum to open", ErrInvalid)
	}
	indices := slices.Sorted(maps.Keys(shares))
	for _, j := range indices {
		if j < 1 {
			return nil, fmt.Errorf("%w share of trustee %d: the first trustee is 1", ErrInvalid, j)
		}
		if shares[j] == nil || len(shares[j].D) != len(sums) {
			return nil, fmt.Errorf("%w share of trustee %d: it does not open %d sums", ErrInvalid, j, len(sums))
		}
	}
	if len(indices) < threshold {
		return nil, fmt.Errorf("%w opening: %d shares, %d needed", ErrInvalid, len(indices), threshold)
	}
	indices = indices[:threshold]

	// x = sum_j lambda_j x_j over the trustees j used, so x*A' = sum_j lambda_j D_j: the value at 0
	// of the polynomial in the exponent whose value at j is D_j. kyber's index i stands for j = i+1.
	group := kybergroup.New()
	points := make([]babyjub.Point, len(sums))
	values := make([]*share.PubShare, threshold)
	for k := range sums {
		for i, j := range indices {
			values[i] = &share.PubShare{I: j - 1, V: kybergroup.FromPoint(&shares[j].D[k])}
		}
		xa, err := share.RecoverCommit(group, values, threshold, threshold)
		if err != nil {
			return nil, fmt.Errorf("elgamal: opening sum %d: %w", k, err)
		}
		points[k].Sub(&sums[k].B, kybergroup.ToPoint(xa)) // B' - x*A' = 8*m*G
	}
	return points, nil
}
