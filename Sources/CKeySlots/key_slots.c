// All of it is in the header, so that each look is part of the loop that makes it.
#include "CKeySlots.h"
