package babyjub_test

import (
	"fmt"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// Two parties agree on a point.
func Example() {
	var a, b babyjub.Scalar
	a.SetUint64(123456789)
	b.SetUint64(987654321)

	publicA := new(babyjub.Point).ScalarBaseMul(&a)
	publicB := new(babyjub.Point).ScalarBaseMul(&b)

	// What arrives from elsewhere is decoded, and its order checked.
	encoded := publicB.Bytes()
	received := new(babyjub.Point)
	if err := received.SetSubgroupBytes(encoded[:]); err != nil {
		fmt.Println(err)
		return
	}

	shared := new(babyjub.Point).ScalarMul(&a, received)
	same := new(babyjub.Point).ScalarMul(&b, publicA)
	fmt.Println(a, shared.Equal(same))

	identity := babyjub.NewIdentity()
	encoded = identity.Bytes()
	fmt.Println(received.SetSubgroupBytes(encoded[:]))
	// Output:
	// Scalar(redacted) true
	// babyjub: point is not of prime order: it is the identity
}
