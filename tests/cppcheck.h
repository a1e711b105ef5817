/* jansson's loops, for cppcheck, which does not read the headers of the system. */
#define json_object_foreach(object, key, value)                                                                                            \
    for (key = next_key(object); (value = json_object_get(object, key)) != NULL; key = next_key(object))
#define json_array_foreach(array, index, value) for (index = 0; (value = json_array_get(array, index)) != NULL; index++)
