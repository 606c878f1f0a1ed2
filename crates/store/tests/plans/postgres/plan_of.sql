-- The plan of a statement whatever its parameters are.
CREATE FUNCTION plan_of(statement text, kinds text, nulls text) RETURNS text LANGUAGE plpgsql
AS $$
DECLARE
  name text := 'planned_' || md5(random()::text);
  plan json;
BEGIN
  EXECUTE 'PREPARE ' || name || kinds || ' AS ' || statement;
  EXECUTE 'EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE ' || name || nulls INTO plan;
  EXECUTE 'DEALLOCATE ' || name;
  RETURN plan;
END $$;
